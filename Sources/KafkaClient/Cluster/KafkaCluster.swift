package import KafkaProtocol
package import Logging
package import NIOCore
package import Primitives

/// Where a cluster is and how patient its client is.
package struct ClusterConfiguration: Sendable {
    package var bootstrap: [BrokerAddress]
    package var connection: ConnectionConfiguration
    package var backoff: Backoff
    /// Leaders are asked for anew after this time, without any error.
    package var metadataMaximumAge: Duration
    /// What is missing in the answers of brokers is taken for gone, where nothing else tells that, after so long.
    package var absenceLimit: Duration
    /// From 0 to 1, anew at each call.
    package var jitter: @Sendable () -> Double

    package init(
        bootstrap: [BrokerAddress], connection: ConnectionConfiguration = ConnectionConfiguration(),
        backoff: Backoff = Backoff(), metadataMaximumAge: Duration = .seconds(300),
        absenceLimit: Duration = .seconds(30),
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0...1) }
    ) {
        precondition(!bootstrap.isEmpty, "BUG: a cluster without an address")
        self.bootstrap = bootstrap
        self.connection = connection
        self.backoff = backoff
        self.metadataMaximumAge = metadataMaximumAge
        self.absenceLimit = absenceLimit
        self.jitter = jitter
    }
}

/// What a connection is for. A fetch that waits for data holds up whatever follows it on its connection.
package enum ConnectionPurpose: Hashable, Sendable {
    case administration
    case produce
    case fetch
    /// Joining a group, which is answered when all members have.
    case group
}

/// A cluster: its brokers, its topics' leaders, and the connections to them.
///
/// Connections are made when needed, shared per broker and purpose, and made again with back-off per address. Runs on one
/// event loop, as its own executor.
package actor KafkaCluster {
    nonisolated package let eventLoop: any EventLoop
    nonisolated package let configuration: ClusterConfiguration
    nonisolated package let logger: Logger
    nonisolated package var unownedExecutor: UnownedSerialExecutor {
        unsafe eventLoop.executor.asUnownedSerialExecutor()
    }

    package private(set) var brokers = BrokerList(clusterID: nil, controller: nil, addresses: [:])
    private var topics: [String: TopicMetadata] = [:]
    /// Ids of topics that had the name before, the newest ones: they never come back, but brokers that lag behind tell them.
    private var formerIDs: [String: [TopicID]] = [:]
    /// Since when topics without ids are said to have fewer partitions than they had.
    private var fewerSince: [String: NIODeadline] = [:]

    private struct ConnectionKey: Hashable {
        var address: BrokerAddress
        var purpose: ConnectionPurpose
    }
    private enum Slot {
        case opening(Task<Result<BrokerConnection, KafkaClientError>, Never>)
        case open(BrokerConnection, since: NIODeadline)
    }
    private var connections: [ConnectionKey: Slot] = [:]
    /// Addresses that failed, and when they may be tried again.
    private var failing: [BrokerAddress: (failures: Int, notBefore: NIODeadline)] = [:]
    private var rotation = 0
    private var isClosed = false

    package init(
        _ configuration: ClusterConfiguration, eventLoopGroup: any EventLoopGroup,
        logger: Logger = Logger(label: "kafka")
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoopGroup.next()
        self.logger = logger
    }

    // MARK: Connections

    /// The connection to a broker, made where there is none; waits out the back-off of an address that failed.
    package func connection(
        to node: Int32, for purpose: ConnectionPurpose
    ) async throws(KafkaClientError) -> BrokerConnection {
        guard let address = brokers.addresses[node] else {
            throw .noBrokerReachable([])
        }
        return try await connection(ConnectionKey(address: address, purpose: purpose))
    }

    /// The connection to a broker by its address, which metadata may not have named yet: a coordinator's.
    func connection(
        at address: BrokerAddress, for purpose: ConnectionPurpose
    ) async throws(KafkaClientError) -> BrokerConnection {
        try await connection(ConnectionKey(address: address, purpose: purpose))
    }

    private func connection(_ key: ConnectionKey) async throws(KafkaClientError) -> BrokerConnection {
        if isClosed { throw .closed }
        switch connections[key] {
        case .open(let connection, _) where connection.isOpen: return connection
        case .opening(let task): return try await task.value.get()
        case .open, nil:
            let task = Task { await open(key) }
            connections[key] = .opening(task)
            return try await task.value.get()
        }
    }

    private func open(_ key: ConnectionKey) async -> Result<BrokerConnection, KafkaClientError> {
        if let wait = failing[key.address]?.notBefore, wait > .now() {
            try? await Task.sleep(for: Duration(wait - .now()))
        }
        do throws(KafkaClientError) {
            let connection = try await BrokerConnection.connect(
                to: key.address, configuration: configuration.connection, eventLoop: eventLoop)
            guard !isClosed else {
                connection.close()
                throw .closed
            }
            logger.debug("connected", metadata: ["broker": "\(key.address)"])
            connections[key] = .open(connection, since: .now())
            connection.onClose { [weak self] in
                guard let self else { return }
                self.assumeIsolated { $0.closed(key, connection) }
            }
            return .success(connection)
        } catch {
            connections[key] = nil
            failed(key.address)
            return .failure(error)
        }
    }

    private func closed(_ key: ConnectionKey, _ connection: BrokerConnection) {
        guard case .open(let current, let since)? = connections[key], current === connection else { return }
        connections[key] = nil
        // A broker that hangs up again and again soon after connecting is one that fails.
        if .now() - since > .seconds(10) { failing[key.address] = nil }
        failed(key.address)
    }

    private func failed(_ address: BrokerAddress) {
        let failures = (failing[address]?.failures ?? 0) + 1
        let delay = configuration.backoff.delay(afterFailures: failures, jitter: configuration.jitter())
        failing[address] = (failures, .now() + TimeAmount(delay))
    }

    /// The connection of a broker that can answer what any broker can: one that is open, or the first that opens.
    private func anyConnection() async throws(KafkaClientError) -> BrokerConnection {
        rotation &+= 1
        var open: [BrokerConnection] = []
        for case .open(let connection, _) in connections.filter({ $0.key.purpose == .administration }).values
        where connection.isOpen {
            open.append(connection)
        }
        if !open.isEmpty { return open[Int(UInt(bitPattern: rotation) % UInt(open.count))] }

        var addresses = configuration.bootstrap
        for address in brokers.addresses.values.sorted(by: { $0.description < $1.description })
        where !addresses.contains(address) {
            addresses.append(address)
        }
        // Those whose wait is over come first, so that one broker that is down holds nobody up.
        let ready = addresses.filter { (failing[$0]?.notBefore ?? .now()) <= .now() }
        if ready.isEmpty {
            addresses.sort { (failing[$0]?.notBefore ?? .now()) < (failing[$1]?.notBefore ?? .now()) }
        } else {
            addresses = ready
        }
        var attempts: [(address: BrokerAddress, reason: String)] = []
        for address in addresses {
            do throws(KafkaClientError) {
                return try await connection(ConnectionKey(address: address, purpose: .administration))
            } catch {
                if case .closed = error { throw error }
                let reason = if case .connectFailed(_, let reason) = error { reason } else { "\(error)" }
                attempts.append((address, reason))
            }
            if Task.isCancelled { throw .cancelled }
        }
        throw .noBrokerReachable(attempts)
    }

    /// Closes all connections; whatever waits fails.
    package func close() {
        isClosed = true
        for case .open(let connection, _) in connections.values { connection.close() }
        connections = [:]
    }

    // MARK: Metadata

    /// Asks for topics (nil: all of them) and remembers what is answered.
    ///
    /// - Parameter allowCreation: topics that do not exist are to be made, where the broker does so.
    package func refresh(
        topics names: [String]?, allowCreation: Bool = false
    ) async throws(KafkaClientError) -> [MetadataResponse.Topic] {
        let request = MetadataRequest(
            topics: names.map { $0.map { MetadataRequest.Topic(name: $0) } }, allowAutoTopicCreation: allowCreation)
        let connection = try await anyConnection()
        let answer = try await connection.send(request)
        if let before = brokers.clusterID, let now = answer.clusterID, before != now {
            logger.error("the cluster is another one", metadata: ["was": "\(before)", "is": "\(now)"])
        }
        brokers.clusterID = answer.clusterID ?? brokers.clusterID
        brokers.controller = answer.controllerID >= 0 ? answer.controllerID : nil
        if !answer.brokers.isEmpty {
            brokers.addresses = Dictionary(
                answer.brokers.map { ($0.nodeID, BrokerAddress(host: $0.host, port: Int($0.port))) },
                uniquingKeysWith: { first, _ in first })
        }
        for topic in answer.topics {
            guard let name = topic.name else { continue }
            if let metadata = TopicMetadata(topic) {
                learn(metadata)
            } else if topic.errorCode == .unknownTopicOrPartition {
                topics[name] = nil
            }
        }
        return answer.topics
    }

    /// Takes over what a broker says of a topic, which may be behind what another said.
    private func learn(_ new: TopicMetadata) {
        var metadata = new
        let name = new.name
        if let earlier = topics[name] {
            if let id = new.id, formerIDs[name]?.contains(id) ?? false { return }
            if let before = earlier.id, before != new.id {
                formerIDs[name] = [before] + (formerIDs[name] ?? []).prefix(7)
            }
            metadata.keepNewerLeaders(of: earlier)
            if metadata.id == earlier.id, metadata.partitionCount < earlier.partitionCount {
                let since = fewerSince[name] ?? .now()
                fewerSince[name] = since
                // A topic never loses a partition; without an id it may be another topic of that name.
                if metadata.id != nil || .now() - since < TimeAmount(configuration.absenceLimit) {
                    metadata.partitions += earlier.partitions[metadata.partitionCount...]
                } else {
                    fewerSince[name] = nil
                }
            } else {
                fewerSince[name] = nil
            }
        }
        topics[name] = metadata
    }

    /// What is remembered of a topic; nil before the first answer, and for a topic that does not exist.
    package func topic(_ name: String) -> TopicMetadata? { topics[name] }

    /// The topic as the cluster has it now.
    package func describe(
        topic name: String, allowCreation: Bool = false, retryFor patience: Duration? = .zero
    ) async throws(KafkaClientError) -> TopicMetadata {
        try await retrying(patience) { () async throws(KafkaClientError) in
            let answers = try await refresh(topics: [name], allowCreation: allowCreation)
            let code = answers.first { $0.name == name }?.errorCode ?? .unknownTopicOrPartition
            guard code == .none, let topic = topics[name] else {
                throw .refused(.metadata, code, subject: name, message: nil)
            }
            return topic
        }
    }

    /// Runs `attempt` until it succeeds, fails for good, or `patience` is over (nil: never), with back-off between.
    func retrying<Value>(
        _ patience: Duration?, _ attempt: () async throws(KafkaClientError) -> Value
    ) async throws(KafkaClientError) -> Value {
        let end = patience.map { NIODeadline.now() + TimeAmount($0) }
        var failures = 0
        while true {
            do throws(KafkaClientError) {
                return try await attempt()
            } catch {
                failures += 1
                let delay = configuration.backoff.delay(afterFailures: failures, jitter: configuration.jitter())
                if let end, NIODeadline.now() + TimeAmount(delay) > end { throw error }
                guard error.isRetriable else { throw error }
                do { try await Task.sleep(for: delay) } catch { throw .cancelled }
            }
        }
    }

    /// A connection for what only the controller may do; Kafka's newer brokers forward it themselves.
    func controllerConnection() async throws(KafkaClientError) -> BrokerConnection {
        if brokers.addresses.isEmpty { _ = try await refresh(topics: []) }
        if let controller = brokers.controller, brokers.addresses[controller] != nil {
            return try await connection(to: controller, for: .administration)
        }
        return try await anyConnection()
    }

    func administrationConnection() async throws(KafkaClientError) -> BrokerConnection { try await anyConnection() }

    /// The leader of a partition, by what is remembered; asks where nothing is.
    func leader(of partition: TopicPartition) async throws(KafkaClientError) -> (node: Int32, epoch: LeaderEpoch) {
        var topic = topics[partition.topic]
        if topic == nil || topic?.leader(of: partition.partition) == nil {
            topic = try await describe(topic: partition.topic)
        }
        guard let leader = topic?.leader(of: partition.partition) else {
            throw .noLeader(topic: partition.topic, partition: partition.partition)
        }
        return leader
    }

    /// Takes over what a broker says about a partition's new leader.
    ///
    /// - Returns: false where it says nothing new.
    func takeHint(_ hint: LeaderIDAndEpoch, of place: TopicPartition, endpoints: [NodeEndpoint]) -> Bool {
        guard hint.leaderID >= 0, var topic = topics[place.topic],
            topic.partitions.indices.contains(Int(place.partition)),
            topic.partitions[Int(place.partition)].leaderEpoch < hint.leaderEpoch
        else { return false }
        for node in endpoints where (1...65535).contains(node.port) {
            brokers.addresses[node.nodeID] = BrokerAddress(host: node.host, port: Int(node.port))
        }
        guard brokers.addresses[hint.leaderID] != nil else { return false }
        topic.partitions[Int(place.partition)].leader = hint.leaderID
        topic.partitions[Int(place.partition)].leaderEpoch = hint.leaderEpoch
        topics[place.topic] = topic
        return true
    }

    func forget(topic: String) { topics[topic] = nil }
}

extension TopicMetadata {
    package func leader(of partition: Int32) -> (node: Int32, epoch: LeaderEpoch)? {
        guard partitions.indices.contains(Int(partition)) else { return nil }
        let entry = partitions[Int(partition)]
        return entry.leader.map { ($0, entry.leaderEpoch) }
    }
}
