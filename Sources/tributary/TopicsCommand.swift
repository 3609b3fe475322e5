internal import ArgumentParser
internal import KafkaClient
internal import KafkaProtocol
internal import Primitives

struct TopicsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topics", abstract: "List, describe and create topics.",
        subcommands: [ListCommand.self, DescribeCommand.self, CreateCommand.self])
}

extension TopicsCommand {
    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the topics.")

        @OptionGroup var cluster: ClusterOptions
        @Flag(help: "Print JSON.") var json = false

        func validate() throws { _ = try cluster.addresses() }

        func run() async throws {
            try await withCluster(cluster) { cluster in
                let topics = try await cluster.listTopics()
                var output = StandardOutput()
                if json {
                    var text = JSONText()
                    text.open("[")
                    for topic in topics {
                        text.open("{")
                        text.key("name")
                        text.string(topic.name)
                        text.key("partitions")
                        text.number(topic.partitionCount)
                        text.key("internal")
                        text.boolean(topic.isInternal)
                        text.close("}")
                    }
                    text.close("]")
                    try output.put(text.bytes.rawBytes)
                    output.put(UInt8(ascii: "\n"))
                } else {
                    for topic in topics {
                        let count = topic.partitionCount
                        try output.put("\(topic.name)\t\(count) partition\(count == 1 ? "" : "s")\n")
                    }
                }
                try output.flush()
            }
        }
    }

    struct CreateCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "create", abstract: "Create a topic.")

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
            _ = try settings()
            _ = try cluster.addresses()
        }

        private func settings() throws -> [(name: String, value: String)] {
            try config.map { setting in
                guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
                    throw ValidationError("--config needs NAME=VALUE, not '\(setting)'.")
                }
                return (String(setting[..<equals]), String(setting[setting.index(after: equals)...]))
            }
        }

        func run() async throws {
            try await withCluster(cluster) { cluster in
                try await cluster.createTopic(
                    NewTopic(
                        name: name, partitions: partitions, replicationFactor: replicas, configuration: try settings()))
                var output = StandardOutput()
                if json {
                    var text = JSONText()
                    text.open("{")
                    text.key("created")
                    text.string(name)
                    text.close("}")
                    try output.put(text.bytes.rawBytes)
                    output.put(UInt8(ascii: "\n"))
                } else {
                    try output.put("created \(name)\n")
                }
                try output.flush()
            }
        }
    }
}
