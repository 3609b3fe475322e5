internal import ArgumentParser
internal import KafkaClient
internal import KafkaProtocol

extension TopicsCommand {
    struct DescribeCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "describe", abstract: "Show partitions, leaders, offsets and settings of topics.",
            discussion: """
                Settings are shown where the topic has its own; all of them with --settings. With --json an array of \
                objects: name, id, partitions (partition, leader, first_offset, next_offset, replicas, in_sync), settings \
                (name, value, own: whether the topic has its own; all of them; null where the broker does not tell).
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The topics' names.", completion: .custom(topicCompletions)) var names: [String]
        @Flag(help: "Show the settings that are the broker's defaults, too.") var settings = false
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            for name in names { try checkName(name, of: "topic") }
            _ = try cluster.addresses()
        }

        func run() async throws {
            try await withCluster(cluster) { cluster in
                var topics: [TopicDescription] = []
                for name in names { topics.append(try await TopicDescription(of: name, cluster)) }
                try show(topics)
            }
        }

        private func show(_ topics: [TopicDescription]) throws {
            if json {
                try printJSON { $0.array(topics) { $1.write(to: &$0) } }
            } else {
                try printText(topics.map { $0.text(allSettings: settings) }.joined())
            }
        }
    }
}
