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
                for topic in try await cluster.refresh(topics: names, allowCreation: true) {
                    guard let name = topic.name else { continue }
                    if !(await learn(name, topic.errorCode)) { missing.insert(name) }
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

    /// - Returns: false where a partition in use has no leader yet.
    private func learn(_ topic: String, _ code: ErrorCode) async -> Bool {
        if code == .invalidTopicException {
            for place in partitions.keys where place.topic == topic {
                guard let told = partitions[place]?.machine.refuseAll(code) else { continue }
                tell(told, place)
            }
            return true
        }
        if code != .none {
            logger.notice("a topic is not there", metadata: ["topic": "\(topic)", "error": "\(code)"])
            return false
        }
        let metadata = await cluster.topic(topic)
        var isComplete = true
        for (place, state) in partitions where place.topic == topic {
            leaders[place] = metadata?.leader(of: place.partition)?.node
            if leaders[place] == nil && !state.machine.isEmpty {
                isComplete = false
                let count = metadata?.partitionCount ?? 0
                logger.notice("no leader", metadata: ["partition": "\(place)", "partitions": "\(count)"])
            }
        }
        return isComplete
    }

    // MARK: Identity

    func wantIdentity(for place: TopicPartition) {
        if let identity, partitions[place]?.machine.identity != identity { return adopt(identity, at: place) }
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
        guard let told = partitions[place]?.machine.adopt(identity) else { return }
        tell(told, place)
        pump(place)
    }

    // MARK: Resuming

    func wantLastSequence(of place: TopicPartition) {
        guard let state = partitions[place], !state.isResuming, let identity = state.machine.identity else { return }
        partitions[place]?.isResuming = true
        Task {
            let answer = await lastSequence(of: identity, at: place)
            partitions[place]?.isResuming = false
            logger.notice(
                "resuming", metadata: ["partition": "\(place)", "identity": "\(identity)", "broker": "\(answer)"])
            guard let told = partitions[place]?.machine.resumed(answer) else { return }
            tell(told, place)
            pump(place)
        }
    }

    private func lastSequence(
        of identity: ProducerIdentity, at place: TopicPartition
    ) async -> ProducerPartition<Payload>.LastSequence {
        var failures = 0
        while !isClosed {
            do throws(KafkaClientError) {
                let producers = try await cluster.describeProducers(of: place)
                let own = producers.first { $0.id == identity.id && $0.epoch == identity.epoch }
                return own.map { $0.lastSequence.value >= 0 ? .of($0.lastSequence) : .none } ?? .none
            } catch {
                switch error {
                case .apiNotSpoken: return .unavailable
                case .refused(_, let code, _, _) where !code.isRetriable: return .unavailable
                default: break
                }
                failures += 1
                logger.notice("no answer to DescribeProducers", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: delay(afterFailures: failures))
            }
        }
        return .unavailable
    }
}
