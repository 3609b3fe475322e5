internal import ArgumentParser
internal import KafkaClient
internal import KafkaProtocol

struct TopicsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topics", abstract: "List, describe, create, change and delete topics.",
        subcommands: [
            ListCommand.self, DescribeCommand.self, CreateCommand.self, AlterCommand.self, DeleteCommand.self,
        ])
}

extension TopicsCommand {
    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the topics.",
            discussion: "With --json an array of objects: name, partitions (their number), internal.")

        @OptionGroup var cluster: ClusterOptions
        @Flag(help: "Print JSON.") var json = false

        func validate() throws { _ = try cluster.addresses() }

        func run() async throws {
            try await withCluster(cluster) { cluster in
                let topics = try await cluster.listTopics()
                if json { return try printJSON { $0.array(topics) { describe($1, &$0) } } }
                try printText(
                    topics.map { topic in
                        let count = topic.partitionCount
                        return "\(topic.name)\t\(count) partition\(count == 1 ? "" : "s")\n"
                    }.joined())
            }
        }

        private func describe(_ topic: TopicMetadata, _ text: inout JSONText) {
            text.object { text in
                text.member("name", topic.name)
                text.member("partitions", topic.partitionCount)
                text.member("internal", topic.isInternal)
            }
        }
    }

    struct CreateCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Create a topic.", discussion: "With --json an object: created (its name)."
        )

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The topic's name.") var name: String
        @Option(help: "How many partitions; the broker's default where not given.") var partitions: Int32?
        @Option(help: "How many replicas; the broker's default where not given.") var replicas: Int16?
        @Option(help: "A setting of the topic, retention.ms=60000 for instance; may be given several times.")
        var config: [String] = []
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            if let partitions, partitions < 1 { throw ValidationError("--partitions needs a number from 1 on.") }
            if let replicas, replicas < 1 { throw ValidationError("--replicas needs a number from 1 on.") }
            try checkName(name, of: "topic")
            _ = try config.map(setting)
            _ = try cluster.addresses()
        }

        func run() async throws {
            try await withCluster(cluster) { cluster in
                try await cluster.createTopic(
                    NewTopic(
                        name: name, partitions: partitions, replicationFactor: replicas,
                        configuration: try config.map(setting)))
                try json ? printJSON { $0.object { $0.member("created", name) } } : printText("created \(name)\n")
            }
        }
    }
}
