internal import Logging
internal import RecordBatches
internal import DequeModule
internal import KafkaProtocol
internal import Logging
internal import NIOCore
internal import Primitives
internal import RecordBatches

/// A producer's connection to one broker, with what is in flight on it. Belongs to the producer's event loop.
final class BrokerLink {
    let connection: BrokerConnection
    var requestsInFlight = 0
    /// The broker asked for silence until then.
    var silentUntil = NIODeadline.uptimeNanoseconds(0)
    /// Partitions with something to send, in turn.
    var ready: Deque<TopicPartition> = []

    init(_ connection: BrokerConnection) { self.connection = connection }
}

extension BatchProducer {
    /// Does what a partition wants.
    func pump(_ place: TopicPartition) {
        tellOutcomes(of: place)
        guard !isClosed else { return }
        record(place)
        guard var state = partitions[place] else { return }
        if state.machine.wantsMetadata {
            state.machine.wantsMetadata = false
            partitions[place] = state
            wantMetadata(place.topic)
        }
        switch state.machine.want {
        case .nothing: break
        case .identity: wantIdentity(for: place)
        case .pause(let failures): pause(place, failures: failures)
        case .leaderState: wantLeaderState(of: place)
        case .send: queue(place)
        }
    }

    private func queue(_ place: TopicPartition) {
        guard let leader = leaders[place] else { return wantMetadata(place.topic) }
        guard let link = links[leader], link.connection.isOpen else { return connect(to: leader) }
        // Two connections could change the order of what is in flight.
        if let other = partitions[place]?.link, other !== link { return }
        if partitions[place]?.isQueued == false {
            partitions[place]?.isQueued = true
            link.ready.append(place)
        }
        send(over: link, to: leader)
    }

    func send(over link: BrokerLink, to node: Int32) {
        let now = NIODeadline.now()
        if link.silentUntil > now { return }
        while link.requestsInFlight < configuration.requestsPerBroker {
            let parts = takeBatches(for: link)
            if parts.isEmpty { return }
            var topics: [String: [ProduceRequest.Partition]] = [:]
            for part in parts {
                topics[part.place.topic, default: []].append(
                    ProduceRequest.Partition(index: part.place.partition, records: part.bytes))
            }
            let request = ProduceRequest(
                acknowledgements: -1,
                timeoutMilliseconds: Int32(clamping: configuration.acknowledgementTimeout.wholeMilliseconds),
                topics: topics.map { ProduceRequest.Topic(name: $0.key, partitions: $0.value) })
            link.requestsInFlight += 1
            let sent = parts.map { ($0.place, $0.id) }
            link.connection.send(request) {
                [weak self, connection = link.connection] result in
                self?.assumeIsolated { $0.finished(connection, node, sent, result) }
            }
        }
    }

    /// One batch of each partition whose turn it is, up to the size of a request.
    private func takeBatches(
        for link: BrokerLink
    ) -> [(place: TopicPartition, id: UInt64, bytes: ByteBuffer)] {
        var parts: [(place: TopicPartition, id: UInt64, bytes: ByteBuffer)] = []
        var size = 0
        for _ in 0..<link.ready.count {
            guard size < configuration.requestBytes, let place = link.ready.popFirst() else { break }
            guard var state = partitions[place] else { continue }
            state.isQueued = false
            partitions[place] = nil
            if state.link == nil || state.link === link, let out = state.machine.takeNext() {
                let bytes = state.machine.withPayload(out.id) { payload in
                    payload.stamp(out.identity, out.firstSequence)
                    return payload.wireBytes
                }
                size += bytes.readableBytes
                parts.append((place, out.id, bytes))
                state.link = link
                if state.machine.want == .send {
                    state.isQueued = true
                    link.ready.append(place)
                }
            }
            partitions[place] = state
        }
        return parts
    }

    private func finished(
        _ connection: BrokerConnection, _ node: Int32, _ sent: [(place: TopicPartition, id: UInt64)],
        _ result: Result<ProduceResponse, KafkaClientError>
    ) {
        let link = links[node].flatMap { $0.connection === connection ? $0 : nil }
        link?.requestsInFlight -= 1
        switch result {
        case .success(let response):
            var answers: [TopicPartition: ProduceResponse.Partition] = [:]
            for topic in response.topics {
                for partition in topic.partitions {
                    answers[TopicPartition(topic: topic.name, partition: partition.index)] = partition
                }
            }
            for part in sent {
                guard let answer = answers[part.place] else {
                    logger.error("a broker's answer lacks a partition", metadata: ["broker": "\(connection.address)"])
                    connection.close()
                    landed(part.place) { $0.lost(part.id) }
                    continue
                }
                note(answer, part.place, response.nodeEndpoints)
                landed(part.place) { $0.answered(part.id, answer.errorCode, baseOffset: answer.baseOffset) }
            }
            if response.throttleMilliseconds > 0, let link { silence(link, node, response.throttleMilliseconds) }
        case .failure(let error):
            if !isClosed {
                logger.notice("a request failed", metadata: ["broker": "\(connection.address)", "error": "\(error)"])
            }
            if link != nil { drop(node) }
            connection.close()
            for part in sent { landed(part.place) { $0.lost(part.id) } }
        }
        for part in sent { pump(part.place) }
        if let link = links[node] { send(over: link, to: node) }
    }

    private func note(
        _ answer: ProduceResponse.Partition, _ place: TopicPartition, _ endpoints: [NodeEndpoint]
    ) {
        if answer.errorCode == .none || answer.errorCode == .duplicateSequenceNumber { return }
        logger.notice(
            "a batch was not taken",
            metadata: [
                "partition": "\(place)", "error": "\(answer.errorCode)", "message": "\(answer.errorMessage ?? "")",
            ])
        // The broker may say where the leader is now (KIP-951), which saves asking.
        if let hint = answer.currentLeader,
            cluster.assumeIsolated({ $0.takeHint(hint, of: place, endpoints: endpoints) })
        {
            leaders[place] = hint.leaderID
        }
    }

    private func landed(_ place: TopicPartition, _ body: (inout Machine) -> Void) {
        guard var state = partitions.removeValue(forKey: place) else { return }
        body(&state.machine)
        if state.machine.inFlight == 0 { state.link = nil }
        partitions[place] = state
        tellOutcomes(of: place)
    }

    /// KIP-219: the broker answers at once, and expects silence for a time.
    private func silence(_ link: BrokerLink, _ node: Int32, _ milliseconds: Int32) {
        link.silentUntil = .now() + .milliseconds(Int64(milliseconds))
        cluster.eventLoop.scheduleTask(deadline: link.silentUntil) { [weak self] in
            self?.assumeIsolated { producer in
                if let link = producer.links[node] { producer.send(over: link, to: node) }
            }
        }
    }

    /// Forgets a broker's connection; what waited for it looks for its leader anew.
    func drop(_ node: Int32) {
        guard let link = links.removeValue(forKey: node) else { return }
        for place in link.ready { partitions[place]?.isQueued = false }
        let waiting = Set(link.ready)
        cluster.eventLoop.execute { [weak self] in
            self?.assumeIsolated { producer in for place in waiting { producer.pump(place) } }
        }
    }

    private func connect(to node: Int32) {
        guard connecting.insert(node).inserted else { return }
        Task {
            do throws(KafkaClientError) {
                let connection = try await cluster.connection(to: node, for: .produce)
                connecting.remove(node)
                if isClosed { return connection.close() }
                if links[node]?.connection !== connection {
                    drop(node)
                    links[node] = BrokerLink(connection)
                }
            } catch {
                connecting.remove(node)
                logger.notice("no connection", metadata: ["broker": "\(node)", "error": "\(error)"])
                // The leader may be elsewhere by now. Nothing is asked of it before the next answer says where.
                for (place, leader) in leaders where leader == node {
                    leaders[place] = nil
                    wantMetadata(place.topic)
                }
                return
            }
            for (place, leader) in leaders where leader == node {
                partitions[place]?.machine.reconnected()
                pump(place)
            }
        }
    }
}

extension Duration {
    var wholeMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
