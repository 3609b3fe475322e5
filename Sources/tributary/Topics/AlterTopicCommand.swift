internal import ArgumentParser
internal import KafkaClient

extension TopicsCommand {
    struct AlterCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "alter", abstract: "Change a topic's settings, or give it more partitions.",
            discussion: """
                All changes are tried first: where one is refused, none is made. With more partitions, records with keys go \
                to other ones than before. With --json an object: topic, partitions (as asked, or null), set (name and \
                value), reset (names), executed.
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The topic's name.", completion: .custom(topicCompletions)) var name: String
        @Option(help: "How many partitions it is to have then; never fewer than now.") var partitions: Int32?
        @Option(help: "A setting to make, retention.ms=60000 for instance; may be given several times.")
        var config: [String] = []
        @Option(
            name: .customLong("reset-config"), help: "A setting to put back to its default; may be given several times."
        )
        var resetConfig: [String] = []
        @Flag(help: "Only try whether the broker would take it.") var dryRun = false
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            try checkName(name, of: "topic")
            if let partitions, partitions < 1 { throw ValidationError("--partitions needs a number from 1 on.") }
            let names = try changes().map(\.name)
            if names.isEmpty, partitions == nil {
                throw ValidationError("Say what to change: --partitions, --config NAME=VALUE, --reset-config NAME.")
            }
            if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
                throw ValidationError("\(twice) is given twice.")
            }
            _ = try cluster.addresses()
        }

        private func changes() throws -> [ConfigChange] {
            try config.map(setting).map { ConfigChange(name: $0.name, value: $0.value) }
                + resetConfig.map { ConfigChange(name: $0, value: nil) }
        }

        func run() async throws {
            try await withCluster(cluster) { cluster in
                _ = try await cluster.describe(topic: name)
                try await apply(cluster, validateOnly: true)
                if !dryRun { try await apply(cluster, validateOnly: false) }
                let done = dryRun ? "the broker would take it; nothing is changed" : "changed \(name)"
                try json ? printJSON { try write(&$0) } : printText(done + "\n")
            }
        }

        private func apply(_ cluster: KafkaCluster, validateOnly: Bool) async throws {
            let changes = try changes()
            if !changes.isEmpty {
                try await cluster.alterConfigs(ofTopic: name, changes, validateOnly: validateOnly)
            }
            if let partitions {
                try await cluster.createPartitions(of: name, upTo: partitions, validateOnly: validateOnly)
            }
        }

        private func write(_ text: inout JSONText) throws {
            let settings = try config.map(setting)
            text.object { text in
                text.member("topic", name)
                text.member("partitions", partitions)
                text.key("set")
                text.object { text in
                    for setting in settings { text.member(setting.name, setting.value) }
                }
                text.key("reset")
                text.array(resetConfig) { $0.string($1) }
                text.member("executed", !dryRun)
            }
        }
    }

    struct DeleteCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete topics and all their records.",
            discussion: """
                With --json an object: deleted (the topics' names), failed (objects with topic and error). The exit status \
                is 1 where any failed.
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The topics' names.", completion: .custom(topicCompletions)) var names: [String]
        @Flag(help: "Do not ask.") var yes = false
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            for name in names { try checkName(name, of: "topic") }
            _ = try cluster.addresses()
        }

        func run() async throws {
            try await withCluster(cluster) { cluster in
                _ = try await cluster.refresh(topics: [])
                if !yes { try confirm("delete \(quoted(names)) and all their records?") }
                var (deleted, failed) = ([String](), [(name: String, error: KafkaClientError)]())
                for name in names {
                    do throws(KafkaClientError) {
                        try await cluster.deleteTopic(name)
                        deleted.append(name)
                    } catch {
                        failed.append((name, error))
                    }
                }
                try tell("topic", deleted: deleted, failed: failed, json: json)
            }
        }
    }
}
