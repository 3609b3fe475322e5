internal import KafkaClient
internal import KafkaProtocol
internal import Primitives

/// A group with its members, how far it is, and how far it has to go.
struct GroupDescription {
    struct Member {
        var id: String
        var instanceID: String?
        var clientID: String
        var host: String
        var assigned: Set<TopicPartition>
    }

    struct Progress {
        var place: TopicPartition
        /// nil: nothing is committed.
        var committed: Offset?
        /// nil: the partition is not there any more, or has no leader.
        var end: Offset?
        var metadata: String?
        var memberID: String?

        /// How many offsets lie between what is committed and the end.
        var lag: Int64? {
            guard let committed, let end else { return nil }
            return max(0, end - committed)
        }
    }

    var group: DescribeGroupsResponse.Group
    var members: [Member]
    var progress: [Progress]

    /// Of all partitions; nil where that of one is not known.
    var lag: Int64? {
        progress.reduce(0) { sum, entry in sum.flatMap { sum in entry.lag.map { sum + $0 } } }
    }

    init(of name: String, _ cluster: KafkaCluster) async throws(KafkaClientError) {
        let group = try await cluster.describeGroup(name, retryFor: coordinatorPatience)
        self.group = group
        let committed = try await cluster.committedOffsets(of: name, retryFor: coordinatorPatience)
        members = group.members.map { member in
            // Of consumers only; other kinds of groups assign something else.
            let assigned = group.protocolType == "consumer" ? try? MemberAssignment.decode(member.assignment) : nil
            return Member(
                id: member.memberID, instanceID: member.groupInstanceID, clientID: member.clientID,
                host: member.clientHost, assigned: assigned ?? [])
        }.sorted { $0.id < $1.id }
        var owners: [TopicPartition: String] = [:]
        for member in members { for place in member.assigned { owners[place] = member.id } }
        let places = Set(committed.keys).union(owners.keys).sorted()
        let ends = try await cluster.listOffsets(
            of: try await cluster.existing(places), at: ListOffsetsRequest.SpecialTimestamp.latest,
            retryFor: coordinatorPatience)
        progress = places.map { place in
            Progress(
                place: place, committed: committed[place]?.offset, end: ends[place],
                metadata: committed[place]?.metadata?.nonEmpty, memberID: owners[place])
        }
    }

    var text: String {
        let count = members.count
        var text = "\(group.groupID): \(group.state)"
        if let name = group.protocolName.nonEmpty { text += ", \(name)" }
        text += ", \(count) member\(count == 1 ? "" : "s"), lag \(lag.map { "\($0)" } ?? "unknown")\n"
        for member in members {
            let name = member.instanceID.map { "\(member.id) (static: \($0))" } ?? member.id
            let assigned = member.assigned.isEmpty ? "nothing" : listing(member.assigned)
            text += "  member \(name), client \(member.clientID) at \(member.host): \(assigned)\n"
        }
        if progress.isEmpty { return text }
        var table = Table(["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER"], indent: "  ")
        for entry in progress {
            table.add([
                entry.place.topic, "\(entry.place.partition)", entry.committed.map { "\($0)" } ?? "-",
                entry.end.map { "\($0)" } ?? "-", entry.lag.map { "\($0)" } ?? "-", entry.memberID ?? "-",
            ])
        }
        return text + table.text
    }

    func write(to text: inout JSONText) {
        text.object { text in
            text.member("group", group.groupID)
            text.member("state", group.state)
            text.member("protocol_type", group.protocolType)
            text.member("protocol", group.protocolName.nonEmpty)
            text.member("lag", lag)
            text.key("members")
            text.array(members) { text, member in
                text.object { text in
                    text.member("member_id", member.id)
                    text.member("instance_id", member.instanceID)
                    text.member("client_id", member.clientID)
                    text.member("host", member.host)
                    text.key("assignment")
                    text.array(member.assigned.byTopic()) { text, topic in
                        text.object { text in
                            text.member("topic", topic.name)
                            text.key("partitions")
                            text.array(topic.partitions) { $0.number($1) }
                        }
                    }
                }
            }
            text.key("partitions")
            text.array(progress) { text, entry in
                text.object { text in
                    text.member("topic", entry.place.topic)
                    text.member("partition", entry.place.partition)
                    text.member("committed_offset", entry.committed?.value)
                    text.member("end_offset", entry.end?.value)
                    text.member("lag", entry.lag)
                    text.member("member_id", entry.memberID)
                    text.member("metadata", entry.metadata)
                }
            }
        }
    }
}

extension KafkaCluster {
    /// Those of the partitions that there are, and that have a leader.
    func existing(_ places: [TopicPartition]) async throws(KafkaClientError) -> [TopicPartition] {
        _ = try await refresh(topics: Set(places.map(\.topic)).sorted())
        return places.filter { topic($0.topic)?.leader(of: $0.partition) != nil }
    }
}
