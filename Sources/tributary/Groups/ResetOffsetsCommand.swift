internal import ArgumentParser
internal import KafkaClient
internal import KafkaProtocol
internal import Primitives

extension GroupsCommand {
    struct ResetOffsetsCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset-offsets",
            abstract: "Move a group's offsets; shows what it would do, unless told to do it.",
            discussion: """
                The group must have no members. Without --execute nothing is changed. With --json an object: group, \
                executed, partitions (topic, partition, old_offset or null, new_offset, bounded: whether the log does not \
                reach as far as asked).
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The group's name.", completion: .custom(groupCompletions)) var group: String
        @Flag(help: "To the oldest record.") var toEarliest = false
        @Flag(help: "To the end.") var toLatest = false
        @Option(help: "To this offset.") var toOffset: Int64?
        @Option(
            help:
                "To the first record at or after a time: 2026-11-21T13:30:00Z, local time without a zone, or milliseconds since 1970.",
            transform: parseTime)
        var toTime: Timestamp?
        @Option(help: "To the first record not older than this: 30m, 2h, 7d.", transform: duration)
        var byDuration: Duration?
        @Option(
            name: .long, parsing: .unconditional, help: "By so many records onwards, or back where negative.")
        var shiftBy: Int64?
        @Option(
            help: "This topic, or these partitions of it (logs:0,2); may be given several times.",
            completion: .custom(topicCompletions))
        var topic: [String] = []
        @Flag(help: "All topics in which the group has committed something.") var allTopics = false
        @Flag(help: "Do it.") var execute = false
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            try checkName(group, of: "group")
            _ = try target()
            if topic.isEmpty != allTopics {
                throw ValidationError("Say what to reset: --topic NAME[:PARTITION,…], or --all-topics.")
            }
            for text in topic {
                guard let selection = PartitionSelection(text) else {
                    throw ValidationError("--topic needs NAME or NAME:PARTITION,PARTITION, not '\(text)'.")
                }
                try checkName(selection.topic, of: "topic")
            }
            if let toOffset, toOffset < 0 { throw ValidationError("--to-offset needs a number from 0 on.") }
            _ = try cluster.addresses()
        }

        private func target() throws -> ResetTarget {
            var targets: [ResetTarget] = []
            if toEarliest { targets.append(.earliest) }
            if toLatest { targets.append(.latest) }
            if let toOffset { targets.append(.offset(toOffset)) }
            if let toTime { targets.append(.time(toTime)) }
            if let byDuration {
                let (seconds, attoseconds) = byDuration.components
                let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
                targets.append(
                    .time(Timestamp(milliseconds: max(0, SystemWallClock().now().milliseconds - milliseconds))))
            }
            if let shiftBy { targets.append(.shift(shiftBy)) }
            guard targets.count == 1 else {
                throw ValidationError(
                    "Say where to go, by one of --to-earliest, --to-latest, --to-offset, --to-time, --by-duration, --shift-by."
                )
            }
            return targets[0]
        }

        func run() async throws {
            try await withCluster(cluster) { cluster in
                _ = try await cluster.refresh(topics: [])
                try await checkMembers(cluster)
                let committed = try await cluster.committedOffsets(of: group, retryFor: coordinatorPatience)
                let plan = try await plan(committed.mapValues(\.offset), cluster)
                if execute { try await carryOut(plan, cluster) }
                if json {
                    try printJSON { plan.write(of: group, executed: execute, to: &$0) }
                } else {
                    try printText(plan.text(of: group, executed: execute))
                }
            }
        }

        /// Refused is only doing it: what would be done can be looked at any time.
        private func checkMembers(_ cluster: KafkaCluster) async throws {
            guard let members = try await memberCount(cluster) else { return say("there is no group '\(group)' yet") }
            if members == 0 { return }
            let problem = "group '\(group)' has \(members) member\(members == 1 ? "" : "s")"
            if execute { throw Complaint("\(problem): stop them first, for they would go on where they are") }
            say("\(problem): --execute will be refused while they run")
        }

        /// nil: the group does not exist.
        private func memberCount(_ cluster: KafkaCluster) async throws -> Int? {
            do throws(KafkaClientError) {
                let group = try await cluster.describeGroup(group, retryFor: coordinatorPatience)
                return group.state == "Dead" ? nil : group.members.count
            } catch .refused(_, .groupIDNotFound, _, _) {
                return nil
            }
        }

        private func plan(_ committed: [TopicPartition: Offset], _ cluster: KafkaCluster) async throws -> ResetPlan {
            typealias Special = ListOffsetsRequest.SpecialTimestamp
            let target = try target()
            let places = try await places(committed, cluster)
            let first = try await cluster.listOffsets(of: places, at: Special.earliest, retryFor: coordinatorPatience)
            let end = try await cluster.listOffsets(of: places, at: Special.latest, retryFor: coordinatorPatience)
            var found: [TopicPartition: Offset] = [:]
            if case .time(let time) = target {
                found = try await cluster.listOffsets(of: places, at: time, retryFor: coordinatorPatience)
            }
            return try ResetPlan(target, places, committed: committed, first: first, end: end, found: found)
        }

        private func places(
            _ committed: [TopicPartition: Offset], _ cluster: KafkaCluster
        ) async throws -> [TopicPartition] {
            if allTopics {
                let places = try await cluster.existing(committed.keys.sorted())
                if places.isEmpty { throw Complaint("group '\(group)' has committed nothing: name topics by --topic") }
                return places
            }
            var places: Set<TopicPartition> = []
            for selection in topic.compactMap({ PartitionSelection($0) }) {
                let count = try await cluster.describe(topic: selection.topic).partitionCount
                let all = (0..<Int32(clamping: count)).map { TopicPartition(topic: selection.topic, partition: $0) }
                guard let wanted = selection.partitions else {
                    places.formUnion(all)
                    continue
                }
                if let missing = wanted.first(where: { $0 >= count }) {
                    throw Complaint(
                        "\(selection.topic) has \(count) partitions, numbered from 0: there is no \(missing)")
                }
                places.formUnion(wanted.map { all[Int($0)] })
            }
            return places.sorted()
        }

        private func carryOut(_ plan: ResetPlan, _ cluster: KafkaCluster) async throws {
            let offsets = Dictionary(
                uniqueKeysWithValues: plan.changes.map { ($0.place, CommittedOffset(offset: $0.new)) })
            let refusals = try await cluster.commitOffsets(offsets, of: group, retryFor: coordinatorPatience)
            guard let (place, code) = refusals.min(by: { $0.key < $1.key }) else { return }
            // A member came meanwhile.
            if code == .unknownMemberID || code == .rebalanceInProgress {
                throw Complaint("group '\(group)' has members now: nothing is changed")
            }
            throw Complaint(
                "\(code) for \(place)"
                    + (refusals.count < offsets.count ? "; the other partitions may be reset" : ": nothing is changed"))
        }
    }
}
