internal import Logging
internal import KafkaProtocol
internal import Logging
internal import NIOCore
internal import Primitives

// What a producer asks besides sending: leaders, last sequences, identities. And the pauses between attempts.
extension BatchProducer {
    func pause(_ place: TopicPartition, failures: Int) {
        guard partitions[place]?.isPausing == false else { return }
        partitions[place]?.isPausing = true
        cluster.eventLoop.scheduleTask(in: TimeAmount(delay(afterFailures: failures))) { [weak self] in
            self?.assumeIsolated { producer in
                producer.partitions[place]?.isPausing = false
                producer.partitions[place]?.machine.retryDue()
                producer.pump(place)
            }
        }
    }

    private func delay(afterFailures failures: Int) -> Duration {
        let configuration = cluster.configuration
        return configuration.backoff.delay(afterFailures: failures, jitter: configuration.jitter())
    }

    // MARK: Leaders

    func startAgeTimer() {
        guard ageTimer == nil else { return }
        let interval = TimeAmount(cluster.configuration.metadataMaximumAge)
        ageTimer = cluster.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [weak self] _ in
            self?.assumeIsolated { producer in
                for place in producer.partitions.keys { producer.wantMetadata(place.topic) }
            }
        }
    }

    func wantMetadata(_ topic: String) {
        wantedTopics.insert(topic)
        guard !isRefreshing && !isClosed else { return }
        isRefreshing = true
        Task { await refreshWanted() }
    }

    /// Asks for leaders until every topic wanted has one for each partition in use.
    private func refreshWanted() async {
        var failures = 0
        while !wantedTopics.isEmpty && !isClosed {
            let names = wantedTopics.sorted()
            wantedTopics = []
            var missing: Set<String> = []
            do throws(KafkaClientError) {
                let topics = try await refresh(names)
                check(clusterID: await cluster.brokers.clusterID)
                for topic in topics {
                    guard let name = topic.name else { continue }
                    if !learn(name, topic.errorCode, await cluster.topic(name)) { missing.insert(name) }
                }
            } catch {
                if isClosed { break }
                logger.notice("no metadata", metadata: ["error": "\(error)"])
                missing = Set(names)
            }
            for place in partitions.keys where names.contains(place.topic) { pump(place) }
            wantedTopics.formUnion(missing)
            if wantedTopics.isEmpty { break }
            // Not faster than this even where all answers are good: a leader that refuses must not be asked in a circle.
            failures += missing.isEmpty ? 0 : 1
            try? await Task.sleep(for: delay(afterFailures: max(1, failures)))
        }
        isRefreshing = false
    }

    /// Makes the topics that are not there, but for those that nobody waits for.
    private func refresh(_ names: [String]) async throws(KafkaClientError) -> [MetadataResponse.Topic] {
        let released = names.filter(releasedTopics.contains)
        let wanted = names.filter { !released.contains($0) }
        var topics: [MetadataResponse.Topic] = []
        if !wanted.isEmpty { topics += try await cluster.refresh(topics: wanted, allowCreation: true) }
        if !released.isEmpty { topics += try await cluster.refresh(topics: released) }
        return topics
    }

    /// - Returns: false where a partition in use has no leader yet.
    private func learn(_ topic: String, _ code: ErrorCode, _ metadata: TopicMetadata?) -> Bool {
        if code == .invalidTopicException {
            for place in partitions.keys where place.topic == topic { partitions[place]?.machine.refuseAll(code) }
            return true
        }
        guard code == .none, let metadata else {
            logger.notice("a topic is not there", metadata: ["topic": "\(topic)", "error": "\(code)"])
            if code == .unknownTopicOrPartition { giveBackReleased(topic) } else { deletedSince[topic] = nil }
            return false
        }
        deletedSince[topic] = nil
        if toldPartitions.updateValue(metadata.partitionCount, forKey: topic) != metadata.partitionCount {
            sink.onTopic(topic, partitions: metadata.partitionCount)
        }
        var isComplete = true
        for place in partitions.keys where place.topic == topic {
            if place.partition < metadata.partitionCount {
                absentSince[place] = nil
                check(metadata.id, of: place)
            } else {
                giveBackAbsent(place, metadata)
            }
            leaders[place] = metadata.leader(of: place.partition)?.node
            if leaders[place] == nil && partitions[place]?.machine.isEmpty == false {
                isComplete = false
                let count = metadata.partitionCount
                logger.notice("no leader", metadata: ["partition": "\(place)", "partitions": "\(count)"])
            }
        }
        return isComplete
    }

    // MARK: Places that are gone

    /// A topic never loses a partition: so either this is another topic than the one that had it, or a broker that lags
    /// behind tells of one that is just growing. Topic ids say which; where there are none, time does.
    private func giveBackAbsent(_ place: TopicPartition, _ metadata: TopicMetadata) {
        guard let machine = partitions[place]?.machine, !machine.isEmpty, machine.afresh != .elsewhere else { return }
        let now = NIODeadline.now()
        let since = absentSince[place] ?? now
        absentSince[place] = since
        if let known = topicIDs[place], let id = metadata.id {
            if known == id { return }
        } else if now - since < TimeAmount(cluster.configuration.absenceLimit) {
            return
        }
        logger.error(
            "the partition is gone, since the topic was made anew with fewer; what is not acknowledged is taken back",
            metadata: ["partition": "\(place)", "partitions": "\(metadata.partitionCount)"])
        // Whoever routes by an older number would choose this one again.
        sink.onTopic(place.topic, partitions: metadata.partitionCount)
        absentSince[place] = nil
        partitions[place]?.machine.startAfresh(.elsewhere)
    }

    /// A topic that nobody waits for is missing. One broker that knows nothing of it yet is no proof.
    private func giveBackReleased(_ topic: String) {
        let now = NIODeadline.now()
        let since = deletedSince[topic] ?? now
        deletedSince[topic] = since
        guard releasedTopics.contains(topic), now - since >= TimeAmount(cluster.configuration.absenceLimit) else {
            return
        }
        for (place, state) in partitions
        where place.topic == topic && !state.machine.isEmpty && state.machine.afresh != .elsewhere {
            logger.error(
                "the topic was deleted, and nobody waits for it; what is not acknowledged is taken back",
                metadata: ["partition": "\(place)"])
            partitions[place]?.machine.startAfresh(.elsewhere)
        }
    }

    /// A topic of another id is another topic: it has nothing of what the one before it had.
    private func check(_ now: TopicID?, of place: TopicPartition) {
        guard let now else { return }
        defer { topicIDs[place] = now }
        guard let before = topicIDs[place], before != now else { return }
        logger.error(
            "the topic was made anew; what is not acknowledged goes to it", metadata: ["partition": "\(place)"])
        sink.onIncident(.topicIsAnother(place))
        partitions[place]?.machine.startAfresh(.nextEpoch)
    }

    /// Another cluster knows nothing of this producer, and its ids are not unique there.
    private func check(clusterID now: String?) {
        guard let now, now != clusterID else { return }
        let before = clusterID
        clusterID = now
        sink.onCluster(now)
        guard let before else { return }
        logger.error("the cluster is another one; starting afresh", metadata: ["was": "\(before)", "is": "\(now)"])
        sink.onIncident(.clusterIsAnother(was: before, now: now))
        identity = nil
        topicIDs = [:]
        for place in partitions.keys {
            leaders[place] = nil
            partitions[place]?.machine.startAfresh(.freshIdentity)
            wantedTopics.insert(place.topic)
        }
    }

    // MARK: Identity

    func wantIdentity(for place: TopicPartition) {
        if let identity, partitions[place]?.machine.identity?.id != identity.id { return adopt(identity, at: place) }
        guard !isAskingIdentity else { return }
        isAskingIdentity = true
        let old = identity
        if let old {
            logger.error(
                "the producer's identity is no longer good: asking for another",
                metadata: ["identity": "\(old)", "partition": "\(place)"])
        }
        Task {
            defer { isAskingIdentity = false }
            while !isClosed {
                do throws(KafkaClientError) {
                    let new = try await cluster.initProducerID(retryFor: nil)
                    identity = new
                    sink.onIdentity(new, replacing: old)
                    for place in partitions.keys where partitions[place]?.machine.want == .identity {
                        adopt(new, at: place)
                    }
                    return
                } catch {
                    logger.error("no producer id", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: cluster.configuration.backoff.longest)
                }
            }
        }
    }

    private func adopt(_ identity: ProducerIdentity, at place: TopicPartition) {
        partitions[place]?.machine.adopt(identity)
        pump(place)
    }

    // MARK: Resuming

    func wantLeaderState(of place: TopicPartition) {
        guard let state = partitions[place], !state.isResuming, let identity = state.machine.identity else { return }
        partitions[place]?.isResuming = true
        let question = LeaderQuestion(
            identity: identity, place: place, openSince: state.machine.uncertainPayloads.map(\.since).min(),
            readsBack: state.machine.needsReadingBack)
        Task {
            let answer = await leaderState(question)
            partitions[place]?.isResuming = false
            logger.notice(
                "resuming", metadata: ["partition": "\(place)", "identity": "\(identity)", "broker": "\(answer)"])
            // The topic or the cluster may have been found to be another one meanwhile.
            if partitions[place]?.machine.identity == identity { partitions[place]?.machine.resumed(answer) }
            pump(place)
        }
    }

    /// Asks until there is an answer.
    private func leaderState(_ question: LeaderQuestion) async -> Machine.LeaderState {
        var failures = 0
        // Under another identity nobody waits for it.
        while !isClosed, partitions[question.place]?.machine.identity == question.identity {
            do throws(KafkaClientError) {
                return try await leaderStateOnce(question)
            } catch {
                failures += 1
                logger.notice(
                    "the leader does not tell what it has",
                    metadata: ["partition": "\(question.place)", "error": "\(error)"])
                // The partition, or its topic, may be gone.
                wantMetadata(question.place.topic)
                try? await Task.sleep(for: delay(afterFailures: failures))
            }
        }
        return .unavailable
    }

    private func leaderStateOnce(_ question: LeaderQuestion) async throws(KafkaClientError) -> Machine.LeaderState {
        if question.readsBack, case .found(let last) = try await scanned(question, unknown: .unavailable) {
            return .found(last)
        }
        let identity = question.identity
        do throws(KafkaClientError) {
            let producers = try await cluster.describeProducers(of: question.place)
            if let own = producers.first(where: { $0.id == identity.id }) {
                if own.epoch < identity.epoch { return .earlierEpoch }
                if own.epoch == identity.epoch && own.lastSequence.value >= 0 { return .last(own.lastSequence) }
                if own.epoch > identity.epoch {
                    return .fenced(try await scanned(question, unknown: .forgotten))
                }
            }
        } catch {
            guard error.isForGood else { throw error }
            return try await scanned(question, unknown: .unavailable)
        }
        let scanned = try await scanned(question, unknown: .forgotten)
        if case .found(let last) = scanned { return .foundOnly(last) }
        return scanned
    }

    /// What the log itself tells.
    private func scanned(
        _ question: LeaderQuestion, unknown: Machine.LeaderState
    ) async throws(KafkaClientError) -> Machine.LeaderState {
        guard let openSince = question.openSince else { return .nothing }
        do throws(KafkaClientError) {
            let scan = try await cluster.scanTail(
                of: question.place, since: openSince, for: question.identity, limit: configuration.scanBytes)
            if let last = scan.lastSequence { return .found(last) }
            return scan.isComplete ? .nothing : unknown
        } catch {
            guard error.isForGood else { throw error }
            return unknown
        }
    }
}

/// What is asked of a partition's leader.
private struct LeaderQuestion {
    var identity: ProducerIdentity
    var place: TopicPartition
    /// When the earliest batch that may be stored was first sent; nil: there is none.
    var openSince: Timestamp?
    /// That the leader has something is known; whether consumers can read it is the question.
    var readsBack: Bool
}

extension KafkaClientError {
    /// Asking again will not help.
    fileprivate var isForGood: Bool {
        switch self {
        case .apiNotSpoken: true
        case .refused(_, let code, _, _): !code.isRetriable
        default: false
        }
    }
}
