import KafkaProtocol
import NIOCore
import NIOPosix
import Primitives
import RecordBatches
import Synchronization

@testable import KafkaClient

/// A broker on a loopback port, in this process: one node that leads every partition of every topic, and judges duplicates
/// as Kafka does. What goes wrong is scripted by `onRequest`.
final class FakeBroker: Sendable {
    enum Answer: Sendable {
        /// As a healthy broker does.
        case healthy
        /// Does what was asked, then hangs up without an answer.
        case performAndHangUp
        /// Hangs up at once.
        case hangUp
        /// These bytes in place of a frame.
        case garbage([UInt8])
        /// Never.
        case silence
        /// Produce only: each partition answers this, and nothing is stored.
        case refuse(ErrorCode)
    }

    struct State {
        var partitions: [TopicPartition: SimulatedPartition] = [:]
        var stored: [TopicPartition: [[UInt8]]] = [:]
        var topics: Set<String> = []
        var partitionCount: Int32 = 2
        var speaksDescribeProducers = true
        var apiVersionsLimit: Int16 = 4
        /// Up to 9 without topic ids, as older brokers.
        var metadataLimit: Int16 = 9
        var requests: [APIKey] = []
        var requestVersions: [APIKey: Int16] = [:]
        var connections = 0
        var nextProducer: Int64 = 100
        var clusterID = "fake"
        /// Another one when the topics are made anew.
        var topicID: UInt64 = 1
        var inFlightMaximum = 0
        var nodeID: Int32 = 7
        /// How clients find it.
        var host = "127.0.0.1"
        var otherBrokers: [NodeEndpoint] = []
        /// Of all partitions; nil: this one.
        var leader: LeaderIDAndEpoch?
        /// Where a refused batch is to go (KIP-951).
        var hint: LeaderIDAndEpoch?
        /// In the next answer to Produce.
        var throttleMilliseconds: Int32 = 0
        var produceTimes: [ContinuousClock.Instant] = []
        /// Of members of groups, none of whom is taken in.
        var joins: [JoinGroupRequest] = []
    }

    let state = Mutex(State())
    private let onRequest: @Sendable (APIKey, inout State) -> Answer
    private let server: Mutex<(any Channel)?> = Mutex(nil)
    private let children = Mutex<[ObjectIdentifier: any Channel]>([:])
    let port: Int

    private let boundHost: String

    init(
        host: String = "127.0.0.1", port: Int = 0,
        onRequest: @escaping @Sendable (APIKey, inout State) -> Answer = { _, _ in .healthy }
    ) async throws {
        self.onRequest = onRequest
        boundHost = host
        let hold = Holder()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(hold))
                }
            }.bind(host: host, port: port).get()
        self.port = channel.localAddress?.port ?? 0
        server.withLock { $0 = channel }
        hold.set(self)
    }

    var address: BrokerAddress { BrokerAddress(host: boundHost, port: port) }

    func stop() async throws {
        try await server.withLock { $0 }?.close().get()
        cutConnections()
    }

    func cutConnections() {
        for channel in children.withLock({ Array($0.values) }) { channel.close(promise: nil) }
    }

    /// All connections end, and of each producer only the last batch is remembered.
    func restart() {
        state.withLock { state in
            for place in state.partitions.keys { state.partitions[place]?.restart() }
        }
        cutConnections()
    }

    final class Holder: Sendable {
        private let box = Mutex<FakeBroker?>(nil)
        func set(_ broker: FakeBroker) { box.withLock { $0 = broker } }
        var broker: FakeBroker? { box.withLock { $0 } }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let holder: Holder
        private var assembler = FrameAssembler(limit: 100 << 20)

        init(_ holder: Holder) { self.holder = holder }

        func channelActive(context: ChannelHandlerContext) {
            let channel = context.channel
            holder.broker?.children.withLock { $0[ObjectIdentifier(channel)] = channel }
            holder.broker?.state.withLock { $0.connections += 1 }
        }

        func channelInactive(context: ChannelHandlerContext) {
            let id = ObjectIdentifier(context.channel)
            holder.broker?.children.withLock { _ = $0.removeValue(forKey: id) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            assembler.append(unwrapInboundIn(data))
            guard let broker = holder.broker else { return context.close(promise: nil) }
            while let bytes = try? assembler.next(), context.channel.isActive {
                guard let frame = try? RequestFrame(bytes) else { return context.close(promise: nil) }
                switch broker.answer(frame) {
                case .some(let bytes) where bytes.readableBytes > 0:
                    context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
                case .some: break
                case nil: return context.close(promise: nil)
                }
            }
        }
    }

    /// nil: hang up; no bytes: be silent.
    private func answer(_ frame: RequestFrame) -> ByteBuffer? {
        state.withLock { state in
            state.requests.append(frame.header.apiKey)
            state.requestVersions[frame.header.apiKey] = frame.header.apiVersion
            let how = frame.header.apiKey == .apiVersions ? .healthy : onRequest(frame.header.apiKey, &state)
            switch how {
            case .healthy: return try? perform(frame, &state, nil)
            case .refuse(let code): return try? perform(frame, &state, code)
            case .performAndHangUp:
                _ = try? perform(frame, &state, nil)
                return nil
            case .hangUp: return nil
            case .garbage(let bytes): return ByteBuffer(bytes: bytes)
            case .silence: return ByteBuffer()
            }
        }
    }

    private func perform(_ frame: RequestFrame, _ state: inout State, _ code: ErrorCode?) throws -> ByteBuffer {
        let (version, id) = (frame.header.apiVersion, frame.header.correlationID)
        switch frame.header.apiKey {
        case .apiVersions:
            if version > state.apiVersionsLimit {
                let range = ApiVersionsResponse.API(key: .apiVersions, minVersion: 0, maxVersion: 0)
                let refusal = ApiVersionsResponse(errorCode: .unsupportedVersion, apis: [range])
                return ApiVersionsRequest.frame(refusal, version: 0, correlationID: id)
            }
            return ApiVersionsRequest.frame(apis(state), version: version, correlationID: id)
        case .metadata:
            let request = try frame.decode(MetadataRequest.self)
            return MetadataRequest.frame(metadata(request, &state), version: version, correlationID: id)
        case .initProducerID:
            state.nextProducer += 1
            let answer = InitProducerIDResponse(
                producerID: ProducerID(state.nextProducer), producerEpoch: ProducerEpoch(0))
            return InitProducerIDRequest.frame(answer, version: version, correlationID: id)
        case .produce:
            let request = try frame.decode(ProduceRequest.self)
            return ProduceRequest.frame(try produce(request, &state, code), version: version, correlationID: id)
        case .describeProducers:
            let request = try frame.decode(DescribeProducersRequest.self)
            return DescribeProducersRequest.frame(describe(request, state), version: version, correlationID: id)
        case .listOffsets:
            let request = try frame.decode(ListOffsetsRequest.self)
            return ListOffsetsRequest.frame(offsets(request, state), version: version, correlationID: id)
        case .fetch:
            let request = try frame.decode(FetchRequest.self)
            return FetchRequest.frame(fetch(request, state), version: version, correlationID: id)
        case .findCoordinator:
            let request = try frame.decode(FindCoordinatorRequest.self)
            let found = request.keys.map {
                FindCoordinatorResponse.Coordinator(key: $0, nodeID: state.nodeID, host: state.host, port: Int32(port))
            }
            return FindCoordinatorRequest.frame(.init(coordinators: found), version: version, correlationID: id)
        case .joinGroup:
            state.joins.append(try frame.decode(JoinGroupRequest.self))
            let refusal = JoinGroupResponse(errorCode: .groupMaxSizeReached)
            return JoinGroupRequest.frame(refusal, version: version, correlationID: id)
        default: throw WireError(.unsupportedVersion(version), at: 0)
        }
    }

    private func apis(_ state: State) -> ApiVersionsResponse {
        var keys: [APIKey] = [
            .produce, .fetch, .listOffsets, .metadata, .apiVersions, .initProducerID, .findCoordinator, .joinGroup,
        ]
        if state.speaksDescribeProducers { keys.append(.describeProducers) }
        return ApiVersionsResponse(
            apis: keys.map { key in
                let limit: Int16 = key == .fetch ? 12 : key == .metadata ? state.metadataLimit : .max
                return .init(key: key, minVersion: 0, maxVersion: min(limit, key.spokenVersions?.upperBound ?? 0))
            })
    }

    private func metadata(_ request: MetadataRequest, _ state: inout State) -> MetadataResponse {
        if request.allowAutoTopicCreation { state.topics.formUnion((request.topics ?? []).compactMap(\.name)) }
        let names = request.topics?.compactMap(\.name) ?? state.topics.sorted()
        return MetadataResponse(
            brokers: [.init(nodeID: state.nodeID, host: state.host, port: Int32(port))]
                + state.otherBrokers.map { .init(nodeID: $0.nodeID, host: $0.host, port: $0.port) },
            clusterID: state.clusterID, controllerID: state.nodeID,
            topics: names.map { name in
                guard state.topics.contains(name) else { return .init(errorCode: .unknownTopicOrPartition, name: name) }
                return .init(
                    name: name, id: TopicID(high: 1, low: state.topicID),
                    partitions: (0..<state.partitionCount).map {
                        .init(
                            index: $0, leaderID: state.leader?.leaderID ?? state.nodeID,
                            leaderEpoch: state.leader?.leaderEpoch ?? LeaderEpoch(1))
                    })
            })
    }

    private func produce(
        _ request: ProduceRequest, _ state: inout State, _ code: ErrorCode?
    ) throws -> ProduceResponse {
        state.produceTimes.append(.now)
        var response = ProduceResponse(throttleMilliseconds: state.throttleMilliseconds)
        state.throttleMilliseconds = 0
        if state.hint != nil { response.nodeEndpoints = state.otherBrokers }
        for topic in request.topics {
            var answers: [ProduceResponse.Partition] = []
            for partition in topic.partitions {
                let place = TopicPartition(topic: topic.name, partition: partition.index)
                let bytes = partition.records.map { Array($0.readableBytesView) } ?? []
                guard let header = try? RecordBatchHeader(checking: bytes.rawBytes) else {
                    answers.append(.init(index: partition.index, errorCode: .corruptMessage))
                    continue
                }
                if let code {
                    answers.append(.init(index: partition.index, errorCode: code, currentLeader: state.hint))
                    continue
                }
                guard state.topics.contains(topic.name), partition.index < state.partitionCount else {
                    answers.append(.init(index: partition.index, errorCode: .unknownTopicOrPartition))
                    continue
                }
                let identity = ProducerIdentity(id: header.producerID, epoch: header.producerEpoch)
                let before = state.partitions[place]?.log.count ?? 0
                let (error, offset) = state.partitions[place, default: SimulatedPartition()].append(
                    identity, header.baseSequence, try records(bytes))
                if state.partitions[place]?.log.count ?? 0 > before {
                    var stored = bytes
                    stored.setBigEndian(offset.value, at: 0)
                    state.stored[place, default: []].append(stored)
                }
                answers.append(.init(index: partition.index, errorCode: error, baseOffset: offset))
            }
            response.topics.append(.init(name: topic.name, partitions: answers))
        }
        return response
    }

    /// The records as the simulated partition knows them: their values are TAG-INDEX.
    private func records(_ bytes: [UInt8]) throws -> [UInt64] {
        let contents = try RecordBatchContents(bytes.rawBytes)
        return try contents.records().map { record in
            let value = String(decoding: contents.payload[record.value ?? 0..<0], as: UTF8.self)
            let numbers = value.split(separator: "-").compactMap { UInt64($0) }
            return SimulatedPartition.record(numbers.first ?? 0, Int64(numbers.last ?? 0))
        }
    }

    private func describe(_ request: DescribeProducersRequest, _ state: State) -> DescribeProducersResponse {
        DescribeProducersResponse(
            topics: request.topics.map { topic in
                .init(
                    name: topic.name,
                    partitions: topic.partitions.map { index in
                        let partition = state.partitions[TopicPartition(topic: topic.name, partition: index)]
                        let producers = (partition?.producers ?? []).map {
                            DescribeProducersResponse.Producer(
                                id: $0.identity.id, epoch: $0.identity.epoch, lastSequence: $0.last)
                        }
                        return .init(index: index, activeProducers: producers)
                    })
            })
    }

    private func end(_ place: TopicPartition, _ state: State) -> Offset {
        state.partitions[place]?.log.last.map { $0.offset + $0.count } ?? .zero
    }

    private func offsets(_ request: ListOffsetsRequest, _ state: State) -> ListOffsetsResponse {
        ListOffsetsResponse(
            topics: request.topics.map { topic in
                .init(
                    name: topic.name,
                    partitions: topic.partitions.map { partition in
                        let place = TopicPartition(topic: topic.name, partition: partition.index)
                        let isLatest = partition.timestamp == ListOffsetsRequest.SpecialTimestamp.latest
                        return .init(
                            index: partition.index, timestamp: .none, offset: isLatest ? end(place, state) : .zero)
                    })
            })
    }

    private func fetch(_ request: FetchRequest, _ state: State) -> FetchResponse {
        FetchResponse(
            topics: request.topics.map { topic in
                .init(
                    name: topic.name,
                    partitions: topic.partitions.map { partition in
                        let place = TopicPartition(topic: topic.name, partition: partition.index)
                        let end = end(place, state)
                        if partition.fetchOffset > end {
                            return .init(index: partition.index, errorCode: .offsetOutOfRange, records: nil)
                        }
                        var bytes = ByteBuffer()
                        for (batch, stored) in zip(state.partitions[place]?.log ?? [], state.stored[place] ?? [])
                        where batch.offset + batch.count > partition.fetchOffset {
                            bytes.writeBytes(stored)
                            if bytes.readableBytes > 500 { break }
                        }
                        // The last batch is cut off where the limit falls, as brokers do.
                        return .init(index: partition.index, highWatermark: end, records: bytes)
                    })
            })
    }
}

extension FakeBroker.State {
    /// How many requests of a kind have come, with the one that is being answered.
    func count(_ key: APIKey) -> Int { requests.count { $0 == key } }
}

/// Answers requests of a kind by their number, from one, and all others as they should be.
func on(
    _ kind: APIKey, _ answer: @escaping @Sendable (Int, inout FakeBroker.State) -> FakeBroker.Answer
) -> @Sendable (APIKey, inout FakeBroker.State) -> FakeBroker.Answer {
    { key, state in key == kind ? answer(state.count(kind), &state) : .healthy }
}
