package import KafkaProtocol
package import Primitives

/// How far a group has come in a partition, as it last committed.
package struct CommittedOffset: Sendable, Equatable {
    /// The first record that it has not done with.
    package var offset: Offset
    package var leaderEpoch: LeaderEpoch
    /// The client's own remark.
    package var metadata: String?

    package init(offset: Offset, leaderEpoch: LeaderEpoch = .unknown, metadata: String? = nil) {
        self.offset = offset
        self.leaderEpoch = leaderEpoch
        self.metadata = metadata
    }
}

// What has an answer per group or partition returns or throws what that says. A coordinator that moved, loads or is not
// there yet (errors 14, 15, 16) is looked up again while `patience` lasts: zero for one attempt, nil for ever.
extension KafkaCluster {
    /// Where a group's coordinator is.
    package func coordinator(of group: String) async throws(KafkaClientError) -> BrokerAddress {
        let connection = try await administrationConnection()
        let answer = try await connection.send(FindCoordinatorRequest(keys: [group]))
        guard let found = answer.coordinators.first else {
            throw .malformedAnswer(connection.address, .findCoordinator, reason: "the group asked for is not in it")
        }
        guard found.errorCode == .none else {
            throw .refused(.findCoordinator, found.errorCode, subject: "group '\(group)'", message: found.errorMessage)
        }
        guard (1...65535).contains(found.port), !found.host.isEmpty else {
            throw .malformedAnswer(connection.address, .findCoordinator, reason: "it holds no address")
        }
        return BrokerAddress(host: found.host, port: Int(found.port))
    }

    func atCoordinator<Value>(
        of group: String, _ patience: Duration?,
        _ body: (BrokerConnection) async throws(KafkaClientError) -> Value
    ) async throws(KafkaClientError) -> Value {
        try await retrying(patience) { () async throws(KafkaClientError) in
            try await body(try await connection(at: try await coordinator(of: group), for: .administration))
        }
    }

    /// All groups of all brokers, by name.
    ///
    /// - Parameter states: in any of these only ("Stable", "Empty" and so on); empty: in any at all.
    package func listGroups(
        states: [String] = [], retryFor patience: Duration? = .zero
    ) async throws(KafkaClientError) -> [ListGroupsResponse.Group] {
        try await retrying(patience) { () async throws(KafkaClientError) in
            _ = try await refresh(topics: [])
            var groups: [ListGroupsResponse.Group] = []
            for node in brokers.addresses.keys.sorted() {
                let connection = try await connection(to: node, for: .administration)
                let answer = try await connection.send(ListGroupsRequest(states: states))
                guard answer.errorCode == .none else {
                    throw .refused(.listGroups, answer.errorCode, subject: "\(connection.address)", message: nil)
                }
                groups += answer.groups
            }
            // Before version 4 brokers neither know states nor leave out any.
            return groups.filter { states.isEmpty || $0.state.isEmpty || states.contains($0.state) }
                .sorted { $0.groupID < $1.groupID }
        }
    }

    /// A group with its members. One that does not exist is in the state "Dead", or an error from newer brokers.
    package func describeGroup(
        _ group: String, retryFor patience: Duration? = .zero
    ) async throws(KafkaClientError) -> DescribeGroupsResponse.Group {
        try await atCoordinator(of: group, patience) { connection async throws(KafkaClientError) in
            let answer = try await connection.send(DescribeGroupsRequest(groups: [group]))
            guard let found = answer.groups.first(where: { $0.groupID == group }) else {
                throw .malformedAnswer(connection.address, .describeGroups, reason: "the group asked for is not in it")
            }
            try check(found.errorCode, .describeGroups, group, found.errorMessage)
            return found
        }
    }

    /// What a group has committed.
    ///
    /// - Parameter partitions: nil for all that there is. What is not committed is not in the result.
    package func committedOffsets(
        of group: String, in partitions: [TopicPartition]? = nil, retryFor patience: Duration? = .zero
    ) async throws(KafkaClientError) -> [TopicPartition: CommittedOffset] {
        let topics = partitions.map {
            $0.byTopic().map { OffsetFetchRequest.Topic(name: $0.name, partitions: $0.partitions) }
        }
        let request = OffsetFetchRequest(groups: [.init(groupID: group, topics: topics)])
        return try await atCoordinator(of: group, patience) { connection async throws(KafkaClientError) in
            if topics == nil, connection.version(of: OffsetFetchRequest.self) ?? 0 < 2 {
                throw .apiNotSpoken(connection.address, .offsetFetch)
            }
            guard let answer = try await connection.send(request).groups.first else {
                throw .malformedAnswer(connection.address, .offsetFetch, reason: "the group asked for is not in it")
            }
            try check(answer.errorCode, .offsetFetch, group, nil)
            var offsets: [TopicPartition: CommittedOffset] = [:]
            for topic in answer.topics {
                for entry in topic.partitions {
                    let place = TopicPartition(topic: topic.name, partition: entry.index)
                    guard entry.errorCode == .none else {
                        throw .refused(
                            .offsetFetch, entry.errorCode, subject: "\(place) of group '\(group)'", message: nil)
                    }
                    if entry.offset.value < 0 { continue }
                    offsets[place] = CommittedOffset(
                        offset: entry.offset, leaderEpoch: entry.leaderEpoch, metadata: entry.metadata)
                }
            }
            return offsets
        }
    }

    /// Commits in the name of a group without members; a group with members refuses it (UNKNOWN_MEMBER_ID).
    ///
    /// - Returns: the partitions that were refused, with why.
    package func commitOffsets(
        _ offsets: [TopicPartition: CommittedOffset], of group: String, retryFor patience: Duration? = .zero
    ) async throws(KafkaClientError) -> [TopicPartition: ErrorCode] {
        let request = OffsetCommitRequest(groupID: group, offsets)
        return try await atCoordinator(of: group, patience) { connection async throws(KafkaClientError) in
            let refusals = try await connection.send(request).refusals
            // What concerns the coordinator is the same for all partitions.
            for code in refusals.values where code.isRetriable { try check(code, .offsetCommit, group, nil) }
            return refusals
        }
    }

    /// Forgets what a group has committed in partitions that no member of it has subscribed to.
    ///
    /// - Returns: the partitions that were refused, with why.
    package func deleteOffsets(
        of group: String, in partitions: [TopicPartition], retryFor patience: Duration? = .zero
    ) async throws(KafkaClientError) -> [TopicPartition: ErrorCode] {
        let topics = partitions.byTopic().map { OffsetDeleteRequest.Topic(name: $0.name, partitions: $0.partitions) }
        return try await atCoordinator(of: group, patience) { connection async throws(KafkaClientError) in
            let answer = try await connection.send(OffsetDeleteRequest(groupID: group, topics: topics))
            try check(answer.errorCode, .offsetDelete, group, nil)
            var refusals: [TopicPartition: ErrorCode] = [:]
            for topic in answer.topics {
                for entry in topic.partitions where entry.errorCode != .none {
                    refusals[TopicPartition(topic: topic.name, partition: entry.index)] = entry.errorCode
                }
            }
            return refusals
        }
    }

    /// Deletes a group that has no members, and its offsets.
    package func deleteGroup(_ group: String, retryFor patience: Duration? = .zero) async throws(KafkaClientError) {
        try await atCoordinator(of: group, patience) { connection async throws(KafkaClientError) in
            let answer = try await connection.send(DeleteGroupsRequest(groups: [group]))
            guard let result = answer.results.first(where: { $0.groupID == group }) else {
                throw .malformedAnswer(connection.address, .deleteGroups, reason: "the group asked for is not in it")
            }
            try check(result.errorCode, .deleteGroups, group, nil)
        }
    }

    private nonisolated func check(
        _ code: ErrorCode, _ api: APIKey, _ group: String, _ message: String?
    ) throws(KafkaClientError) {
        if code != .none { throw .refused(api, code, subject: "group '\(group)'", message: message) }
    }
}

extension OffsetCommitRequest {
    init(
        groupID: String, generation: Int32 = -1, memberID: String = "", instanceID: String? = nil,
        _ offsets: [TopicPartition: CommittedOffset]
    ) {
        self.init(
            groupID: groupID, generationID: generation, memberID: memberID, groupInstanceID: instanceID,
            topics: offsets.keys.byTopic().map { topic in
                Topic(
                    name: topic.name,
                    partitions: topic.partitions.compactMap { index in
                        offsets[TopicPartition(topic: topic.name, partition: index)].map {
                            Partition(
                                index: index, offset: $0.offset, leaderEpoch: $0.leaderEpoch, metadata: $0.metadata)
                        }
                    })
            })
    }
}

extension OffsetCommitResponse {
    /// The partitions whose offsets were not taken.
    var refusals: [TopicPartition: ErrorCode] {
        var refusals: [TopicPartition: ErrorCode] = [:]
        for topic in topics {
            for entry in topic.partitions where entry.errorCode != .none {
                refusals[TopicPartition(topic: topic.name, partition: entry.index)] = entry.errorCode
            }
        }
        return refusals
    }
}
