internal import ArgumentParser
internal import KafkaClient
internal import KafkaProtocol

extension GroupsCommand {
    struct DescribeCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "describe", abstract: "Show members, assignments, offsets and lag of groups.",
            discussion: """
                With --json an array of objects: group, state, protocol_type, protocol, lag (of all partitions together), members \
                (member_id, instance_id, client_id, host, assignment: topic and partitions), partitions (topic, partition, \
                committed_offset, end_offset, lag, member_id, metadata; null is unknown or none).
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The groups' names.", completion: .custom(groupCompletions)) var names: [String]
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            for name in names { try checkName(name, of: "group") }
            _ = try cluster.addresses()
        }

        func run() async throws {
            try await withCluster(cluster) { cluster in
                _ = try await cluster.refresh(topics: [])
                var groups: [GroupDescription] = []
                for name in names {
                    let group = try await GroupDescription(of: name, cluster)
                    // Brokers before DescribeGroups 6 say so of what does not exist.
                    if group.group.state == "Dead", group.progress.isEmpty {
                        throw Complaint(
                            "there is no group '\(name)' (`tributary groups list` shows those there are)")
                    }
                    groups.append(group)
                }
                try show(groups)
            }
        }

        private func show(_ groups: [GroupDescription]) throws {
            if json {
                try printJSON { $0.array(groups) { $1.write(to: &$0) } }
            } else {
                try printText(groups.map(\.text).joined(separator: "\n"))
            }
        }
    }
}
