internal import KafkaProtocol
internal import NIOCore
internal import Primitives

// Performs what `GroupMembership` decides. Joins and syncs, which wait for other members, go over a connection of their
// own: heartbeats and commits must not wait behind them.
extension GroupConsumer {
    private typealias Failure = (api: APIKey, error: KafkaClientError)

    /// Lives through generations until `close`.
    func live() async {
        while !isClosing {
            let step = membership.nextStep()
            await fetcher.mayEnd(configuration.endsAtEnd && membership.isSettled)
            switch step {
            case .findCoordinator: await findCoordinator()
            case .giveUp(let places, let isLost): await giveUp(places, isLost: isLost)
            case .join: await join()
            case .sync: await sync()
            case .takeUp(let places): await takeUp(places)
            case .stay: await pause()
            case .fail(let code, let api):
                return await fail(
                    .refused(api, code, subject: "group '\(configuration.groupID)'", message: nil))
            }
            if membership.failures > 0, step != .stay { await rest() }
        }
    }

    private func rest() async {
        let cluster = cluster.configuration
        try? await Task.sleep(
            for: cluster.backoff.delay(afterFailures: min(membership.failures, 5), jitter: cluster.jitter()))
    }

    private func trouble(_ error: KafkaClientError, during api: APIKey) {
        if isClosing { return }
        onEvent(.trouble(error))
        membership.failed(error, during: api)
    }

    private func findCoordinator() async {
        do throws(KafkaClientError) {
            coordinator = try await cluster.coordinator(of: configuration.groupID)
            membership.coordinatorFound()
        } catch {
            if !error.isRetriable, !isClosing { return await fail(error) }
            trouble(error, during: .findCoordinator)
        }
    }

    func connection(for purpose: ConnectionPurpose) async throws(KafkaClientError) -> BrokerConnection {
        guard let coordinator else { throw .noBrokerReachable([]) }
        return try await cluster.connection(at: coordinator, for: purpose)
    }

    // MARK: Joining

    private func join() async {
        if await refreshTopics() == false { return }
        let subscription = membership.subscription.encoded()
        let request = JoinGroupRequest(
            groupID: configuration.groupID,
            sessionTimeoutMilliseconds: Int32(clamping: configuration.sessionTimeout.wholeMilliseconds),
            rebalanceTimeoutMilliseconds: Int32(clamping: configuration.maximumPollInterval.wholeMilliseconds),
            memberID: membership.memberID, groupInstanceID: configuration.instanceID, protocolType: "consumer",
            protocols: configuration.assignors.map { .init(name: $0.rawValue, metadata: subscription) })
        do throws(KafkaClientError) {
            let connection = try await connection(for: .group)
            // Before version 5 there are no static members: such a one would be another on each join.
            if configuration.instanceID != nil, connection.version(of: JoinGroupRequest.self) ?? 0 < 5 {
                throw .apiNotSpoken(connection.address, .joinGroup)
            }
            // Meanwhile the user may have stalled.
            guard membership.nextStep() == .join else { return }
            membership.joinSent()
            let answer = try await connection.send(request, timeout: configuration.maximumPollInterval + .seconds(5))
            membership.joinAnswered(answer)
            if let assignor = membership.assignor, membership.phase == .joined {
                onEvent(
                    .joined(generation: membership.generation, assignor: assignor, isLeader: membership.isLeader))
            }
        } catch {
            trouble(error, during: .joinGroup)
        }
    }

    private func sync() async {
        var request = SyncGroupRequest(
            groupID: configuration.groupID, generationID: membership.generation, memberID: membership.memberID,
            groupInstanceID: configuration.instanceID, protocolType: "consumer",
            protocolName: membership.assignor?.rawValue)
        do throws(KafkaClientError) {
            if membership.isLeader { request.assignments = try await shareOut() }
            let connection = try await connection(for: .group)
            let answer = try await connection.send(request, timeout: configuration.maximumPollInterval + .seconds(5))
            let assignment: Set<TopicPartition>
            do throws(WireError) {
                assignment = answer.errorCode == .none ? try MemberAssignment.decode(answer.assignment) : []
            } catch {
                throw .malformedAnswer(connection.address, .syncGroup, reason: "its assignment: \(error)")
            }
            membership.syncAnswered(answer.errorCode, assignment)
        } catch {
            trouble(error, during: .syncGroup)
        }
    }

    /// As the leader: who reads what.
    private func shareOut() async throws(KafkaClientError) -> [SyncGroupRequest.Assignment] {
        var members: [PartitionAssignor.Member] = []
        for member in membership.members {
            // One member that says nothing readable gets nothing, and the others go on.
            let said = try? MemberSubscription(decoding: member.metadata)
            members.append(
                PartitionAssignor.Member(
                    id: member.memberID, instanceID: member.groupInstanceID,
                    subscription: said ?? MemberSubscription(topics: [])))
        }
        wantedTopics = Set(members.flatMap(\.subscription.topics))
        sharedOut = try await partitionCounts(of: wantedTopics)
        // A static leader that came back finds all as it was (KIP-814).
        guard let assignor = membership.assignor, !membership.skipsAssignment else { return [] }
        return assignor.assign(sharedOut, to: members).sorted { $0.key < $1.key }
            .map { SyncGroupRequest.Assignment(memberID: $0.key, assignment: MemberAssignment.encode($0.value)) }
    }

    private func partitionCounts(of topics: Set<String>) async throws(KafkaClientError) -> [String: Int] {
        _ = try await cluster.refresh(topics: topics.sorted())
        var counts: [String: Int] = [:]
        for topic in topics { counts[topic] = await cluster.topic(topic)?.partitionCount }
        return counts
    }

    // MARK: Partitions

    private func giveUp(_ places: Set<TopicPartition>, isLost: Bool) async {
        givingUp = places
        await fetcher.drop(places)
        if !isLost {
            await writeOut()
            await commitBeforeHandingOver()
        }
        onEvent(membership.isLost ? .lost(places) : .gaveUp(places))
        for place in places { uncommitted[place] = nil }
        membership.gaveUp(places)
        givingUp = []
    }

    /// Commits while that may succeed; the group waits for this no longer than the poll interval.
    private func commitBeforeHandingOver() async {
        let end = NIODeadline.now() + TimeAmount(configuration.maximumPollInterval / 2)
        var failures = 0
        while !uncommitted.isEmpty, !isClosing, membership.phase == .stable, NIODeadline.now() < end {
            if failures > 0 { await rest() }
            if !membership.knowsCoordinator { await findCoordinator() }
            await commit()
            failures += 1
        }
    }

    private func takeUp(_ places: Set<TopicPartition>) async {
        do throws(KafkaClientError) {
            let committed = try await cluster.committedOffsets(of: configuration.groupID, in: places.sorted())
            let ranges = try await ranges(of: places, committed)
            // Meanwhile the group may have gone on without this member.
            guard membership.nextStep() == .takeUp(places) else { return }
            membership.tookUp(places)
            // Where the group begins is a promise too: what comes while no member is there is not skipped.
            for (place, range) in ranges where committed[place] == nil {
                uncommitted[place] = CommittedOffset(offset: range.next)
            }
            onEvent(.tookUp(places))
            await fetcher.assign(ranges)
        } catch {
            if !error.isRetriable, !isClosing { return await fail(error) }
            trouble(error, during: .offsetFetch)
        }
    }

    /// Where to begin, and to end: at the group's offsets, or where the configuration says.
    private func ranges(
        of places: Set<TopicPartition>, _ committed: [TopicPartition: CommittedOffset]
    ) async throws(KafkaClientError) -> [TopicPartition: (next: Offset, end: Offset?)] {
        let open = places.filter { committed[$0] == nil }.sorted()
        var found: [TopicPartition: Offset] = [:]
        typealias Special = ListOffsetsRequest.SpecialTimestamp
        switch configuration.offsetReset {
        case .earliest: found = try await cluster.listOffsets(of: open, at: Special.earliest)
        case .latest: found = try await cluster.listOffsets(of: open, at: Special.latest)
        case .none:
            if let place = open.first {
                throw .invalidArgument(
                    "group '\(configuration.groupID)' has committed no offset for \(place), and has no leave to begin at the earliest or latest"
                )
            }
        }
        let ends = configuration.endsAtEnd ? try await cluster.listOffsets(of: places, at: Special.latest) : [:]
        var ranges: [TopicPartition: (next: Offset, end: Offset?)] = [:]
        for place in places { ranges[place] = (committed[place]?.offset ?? found[place] ?? .zero, ends[place]) }
        return ranges
    }

    // MARK: Topics

    /// Looks which topics there are now.
    ///
    /// - Returns: false where nobody could say.
    private func refreshTopics() async -> Bool {
        do throws(KafkaClientError) {
            let selection = configuration.topics
            let existing = selection.patterns.isEmpty ? [] : try await cluster.listTopics()
            membership.subscribe(to: selection.topics(among: existing))
            return true
        } catch {
            trouble(error, during: .metadata)
            return false
        }
    }

    /// Now and then looks for topics and partitions that are new or gone.
    func lookForTopics() async {
        while !isClosing {
            do { try await Task.sleep(for: configuration.topicInterval) } catch { return }
            guard membership.isSettled else { continue }
            do throws(KafkaClientError) {
                if !configuration.topics.patterns.isEmpty {
                    membership.subscribe(to: configuration.topics.topics(among: try await cluster.listTopics()))
                }
                if membership.isLeader {
                    let shared = sharedOut
                    let now = try await partitionCounts(of: wantedTopics)
                    if now != shared, shared == sharedOut { membership.topicsChanged() }
                }
            } catch {
                if !isClosing { onEvent(.trouble(error)) }
            }
            wake()
        }
    }
}
