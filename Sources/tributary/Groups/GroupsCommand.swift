internal import ArgumentParser
internal import KafkaClient
internal import KafkaProtocol

struct GroupsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "groups", abstract: "Look at consumer groups, move their offsets, and delete them.",
        subcommands: [ListCommand.self, DescribeCommand.self, ResetOffsetsCommand.self, DeleteCommand.self])
}

/// How long a coordinator that is just moving or loading is waited for.
let coordinatorPatience = Duration.seconds(15)

extension GroupsCommand {
    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the groups, with their states.",
            discussion: """
                With --json an array of objects: group, state ("Stable", "Empty", …), type ("classic", …), protocol_type, \
                protocol (how partitions are shared out; null where the group has no members), members (their number).
                """)

        @OptionGroup var cluster: ClusterOptions
        @Option(help: "Groups in this state only, Stable or Empty for instance; may be given several times.")
        var state: [String] = []
        @Flag(help: "Print JSON.") var json = false

        func validate() throws { _ = try cluster.addresses() }

        func run() async throws {
            try await withCluster(cluster) { cluster in
                _ = try await cluster.refresh(topics: [])
                var rows: [Row] = []
                for group in try await cluster.listGroups(states: state, retryFor: coordinatorPatience) {
                    rows.append((group, try await details(of: group.groupID, cluster)))
                }
                try show(rows)
            }
        }

        private typealias Row = (listed: ListGroupsResponse.Group, described: DescribeGroupsResponse.Group?)

        private func show(_ rows: [Row]) throws {
            if json {
                try printJSON { $0.array(rows) { describe($1.listed, $1.described, &$0) } }
            } else {
                try printText(table(rows))
            }
        }

        /// nil for a group that went away meanwhile, and for one of another kind than the classic one.
        private func details(of group: String, _ cluster: KafkaCluster) async throws -> DescribeGroupsResponse.Group? {
            do throws(KafkaClientError) {
                return try await cluster.describeGroup(group, retryFor: coordinatorPatience)
            } catch .refused {
                return nil
            }
        }

        private func describe(
            _ listed: ListGroupsResponse.Group, _ described: DescribeGroupsResponse.Group?, _ text: inout JSONText
        ) {
            text.object { text in
                text.member("group", listed.groupID)
                text.member("state", listed.state.nonEmpty ?? described?.state)
                text.member("type", listed.type.nonEmpty)
                text.member("protocol_type", listed.protocolType)
                text.member("protocol", described?.protocolName.nonEmpty)
                text.member("members", described?.members.count)
            }
        }

        private func table(_ rows: [Row]) -> String {
            if rows.isEmpty { return "" }
            var table = Table(["GROUP", "STATE", "PROTOCOL", "MEMBERS"])
            for (listed, described) in rows {
                table.add([
                    listed.groupID, listed.state.nonEmpty ?? described?.state ?? "-",
                    described?.protocolName.nonEmpty ?? listed.protocolType.nonEmpty ?? "-",
                    described.map { "\($0.members.count)" } ?? "-",
                ])
            }
            return table.text
        }
    }

    struct DeleteCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete groups that have no members, or their offsets in some topics.",
            discussion: """
                With --json an object: deleted (the groups' names), failed (objects with group and error). The exit status \
                is 1 where any failed.
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The groups' names.", completion: .custom(groupCompletions)) var names: [String]
        @Option(
            help: "Delete only the offsets in this topic; may be given several times.",
            completion: .custom(topicCompletions))
        var topic: [String] = []
        @Flag(help: "Do not ask.") var yes = false
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            for name in names { try checkName(name, of: "group") }
            for name in topic { try checkName(name, of: "topic") }
            _ = try cluster.addresses()
        }

        func run() async throws {
            try await withCluster(cluster) { cluster in
                _ = try await cluster.refresh(topics: [])
                if !yes {
                    let (groups, topics) = (quoted(names), quoted(topic))
                    try confirm(
                        topic.isEmpty
                            ? "delete \(groups) and all their offsets?"
                            : "delete the offsets of \(groups) in \(topics)?")
                }
                var (deleted, failed) = ([String](), [(name: String, error: KafkaClientError)]())
                for name in names {
                    do throws(KafkaClientError) {
                        try await delete(name, cluster)
                        deleted.append(name)
                    } catch {
                        failed.append((name, error))
                    }
                }
                try tell(
                    "group", topic.isEmpty ? "deleted" : "deleted the offsets of", deleted: deleted, failed: failed,
                    json: json)
            }
        }

        private func delete(_ group: String, _ cluster: KafkaCluster) async throws(KafkaClientError) {
            if topic.isEmpty { return try await cluster.deleteGroup(group, retryFor: coordinatorPatience) }
            let committed = try await cluster.committedOffsets(of: group, retryFor: coordinatorPatience).keys
            let places = committed.filter { topic.contains($0.topic) }
            guard !places.isEmpty else {
                throw .invalidArgument("group '\(group)' has committed nothing in \(quoted(topic))")
            }
            let refusals = try await cluster.deleteOffsets(of: group, in: places, retryFor: coordinatorPatience)
            if let (place, code) = refusals.min(by: { $0.key < $1.key }) {
                throw .refused(.offsetDelete, code, subject: "\(place) of group '\(group)'", message: nil)
            }
        }
    }
}

/// What became of each thing to delete; ends with 1 where any is left.
func tell(
    _ kind: String, _ word: String = "deleted", deleted: [String], failed: [(name: String, error: KafkaClientError)],
    json: Bool
) throws {
    if json {
        try printJSON { text in
            text.object { text in
                text.key("deleted")
                text.array(deleted) { $0.string($1) }
                text.key("failed")
                text.array(failed) { text, failure in
                    text.object { text in
                        text.member(kind, failure.name)
                        text.member("error", "\(failure.error)")
                    }
                }
            }
        }
    } else {
        try printText(deleted.map { "\(word) \($0)\n" }.joined())
    }
    for failure in failed { say(failure.error) }
    if !failed.isEmpty { throw ExitCode.failure }
}

extension String {
    var nonEmpty: String? { isEmpty ? nil : self }
}
