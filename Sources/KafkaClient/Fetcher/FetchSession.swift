internal import DequeModule
internal import KafkaProtocol
internal import Logging
internal import NIOCore
internal import Primitives
internal import RecordBatches
internal import Synchronization

/// The work behind a `RecordFetcher`'s iterator: one fetch at a time to each leader, ahead of whoever takes the batches,
/// up to a bound.
actor FetchSession {
    nonisolated let cluster: KafkaCluster
    nonisolated let configuration: FetchConfiguration
    nonisolated let onEvent: @Sendable (FetchEvent) -> Void
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe cluster.eventLoop.executor.asUnownedSerialExecutor()
    }

    /// Batches that wait to be taken.
    nonisolated let buffered = Atomic<Int>(0)

    struct Position {
        var next: Offset
        /// Where to stop; nil: never.
        var end: Offset?
        var failures = 0
        /// Not to be fetched before.
        var notBefore = NIODeadline.uptimeNanoseconds(0)
        var isFetching = false
        /// Which taking up of the partition this is: what was asked for an earlier one is of no use.
        var turn = 0

        var isFinished: Bool { end.map { next >= $0 } ?? false }
    }

    var positions: [TopicPartition: Position] = [:]
    var lastTurn = 0
    var batches: Deque<FetchedBatch> = []
    var bufferedBytes = 0
    private var taker: CheckedContinuation<Result<FetchedBatch?, KafkaClientError>, Never>?
    private var failure: KafkaClientError?
    private var isStarted = false
    private var isStopped = false
    /// All partitions of the topics asked for are known, or will never be.
    var isComplete = false
    private var fetchingLeaders: Set<Int32> = []
    private var isRefreshing = false
    private var wantsRefresh = false
    private var appeared: Set<String> = []
    private var announced: Set<String> = []
    private var timer: Scheduled<Void>?

    init(
        cluster: KafkaCluster, configuration: FetchConfiguration, onEvent: @escaping @Sendable (FetchEvent) -> Void
    ) {
        self.cluster = cluster
        self.configuration = configuration
        self.onEvent = onEvent
    }

    /// The next batch; nil at the end.
    func take() async -> Result<FetchedBatch?, KafkaClientError> {
        if let batch = pop() {
            if isStarted { pump() }
            return .success(batch)
        }
        if let failure { return .failure(failure) }
        if isStopped || isAtEnd { return .success(nil) }
        if Task.isCancelled { return .success(nil) }
        precondition(taker == nil, "BUG: two take from one fetcher")
        return await withCheckedContinuation { continuation in
            taker = continuation
            start()
            pump()
        }
    }

    private func pop() -> FetchedBatch? {
        guard let batch = batches.popFirst() else { return nil }
        bufferedBytes -= batch.bytes.readableBytes
        buffered.wrappingSubtract(1, ordering: .relaxed)
        return batch
    }

    func stop() {
        isStopped = true
        timer?.cancel()
        batches = []
        serve(.success(nil))
    }

    var isAtEnd: Bool { isComplete && positions.values.allSatisfy(\.isFinished) }

    func serve(_ result: Result<FetchedBatch?, KafkaClientError>) {
        taker?.resume(returning: result)
        taker = nil
    }

    func serveTaker() {
        guard taker != nil else { return }
        if let batch = pop() {
            serve(.success(batch))
        } else if let failure {
            serve(.failure(failure))
        } else if isAtEnd {
            serve(.success(nil))
        }
    }

    // MARK: Partitions and their leaders

    func start() {
        if isStarted { return }
        isStarted = true
        refreshSoon()
    }

    private func refreshSoon() {
        wantsRefresh = true
        guard !isRefreshing && !isStopped else { return }
        isRefreshing = true
        Task {
            var failures = 0
            while wantsRefresh && !isStopped && failure == nil {
                wantsRefresh = false
                do throws(KafkaClientError) {
                    if try await refresh() { failures = 0 } else { (failures, wantsRefresh) = (failures + 1, true) }
                } catch {
                    failures += 1
                    wantsRefresh = true
                    if !error.isRetriable || (!isComplete && !configuration.waitsForTopics) {
                        failure = error
                    } else {
                        onEvent(.trouble(error))
                    }
                }
                pump()
                serveTaker()
                // Never in a circle: leaders that refuse are not asked for faster than this.
                try? await Task.sleep(for: delay(max(1, min(failures, 5))))
            }
            isRefreshing = false
        }
    }

    /// - Returns: false where something is missing that may come.
    private func refresh() async throws(KafkaClientError) -> Bool {
        var isWhole = true
        let names = configuration.isAssigned ? Set(positions.keys.map(\.topic)).sorted() : configuration.topics
        let answers = try await cluster.refresh(topics: names)
        for answer in answers {
            guard let name = answer.name else { continue }
            switch answer.errorCode {
            case .none:
                if announced.contains(name), appeared.insert(name).inserted { onEvent(.topicAppeared(name)) }
                guard !configuration.isAssigned, let topic = await cluster.topic(name) else { continue }
                try await add(topic)
            case .unknownTopicOrPartition, .leaderNotAvailable:
                guard configuration.waitsForTopics else {
                    throw .refused(.metadata, answer.errorCode, subject: name, message: nil)
                }
                isWhole = false
                if announced.insert(name).inserted { onEvent(.waitingForTopic(name)) }
            default:
                let error = KafkaClientError.refused(.metadata, answer.errorCode, subject: name, message: nil)
                if !error.isRetriable { throw error }
                isWhole = false
            }
        }
        if isWhole && !configuration.isAssigned { isComplete = true }
        return isWhole
    }

    /// Takes up partitions that are new: those of the first look from where they shall start, later ones from their
    /// beginning, for all of them was written since.
    private func add(_ topic: TopicMetadata) async throws(KafkaClientError) {
        let known = positions.keys.contains { $0.topic == topic.name }
        let isLater = known || announced.contains(topic.name)
        if let wanted = configuration.partitions, let missing = wanted.first(where: { $0 >= topic.partitionCount }) {
            throw .invalidArgument(
                "\(topic.name) has \(topic.partitionCount) partitions, numbered from 0: there is no \(missing)")
        }
        for index in 0..<Int32(topic.partitionCount) where configuration.partitions?.contains(index) ?? true {
            let place = TopicPartition(topic: topic.name, partition: index)
            guard positions[place] == nil else { continue }
            let start: FetchStart = isLater && configuration.start == .latest ? .earliest : configuration.start
            let end = configuration.endsAtEnd ? try await offset(of: place, .latest) : nil
            positions[place] = Position(next: try await offset(of: place, start), end: end)
        }
    }

    private func offset(of place: TopicPartition, _ start: FetchStart) async throws(KafkaClientError) -> Offset {
        typealias Special = ListOffsetsRequest.SpecialTimestamp
        let patience = Duration.seconds(10)
        switch start {
        case .offset(let offset): return offset
        case .earliest:
            return try await cluster.listOffset(of: place, at: Special.earliest, retryFor: patience) ?? .zero
        case .latest: return try await cluster.listOffset(of: place, at: Special.latest, retryFor: patience) ?? .zero
        case .beforeEnd(let count):
            let end = try await offset(of: place, .latest)
            return max(try await offset(of: place, .earliest), Offset(max(0, end.value - count)))
        case .time(let time):
            if let found = try await cluster.listOffset(of: place, at: time, retryFor: patience) { return found }
            return try await offset(of: place, .latest)
        }
    }

    // MARK: Fetching

    /// Starts a fetch to every leader that has partitions to be fetched and none underway.
    func pump() {
        guard !isStopped, failure == nil, bufferedBytes < configuration.bufferBytes, !positions.isEmpty else { return }
        Task { await fetchWhereDue() }
    }

    private func fetchWhereDue() async {
        var byLeader: [Int32: [TopicPartition]] = [:]
        let now = NIODeadline.now()
        var earliest: NIODeadline?
        for (place, position) in positions where !position.isFinished && !position.isFetching {
            if position.notBefore > now {
                earliest = min(earliest ?? position.notBefore, position.notBefore)
                continue
            }
            guard let leader = await cluster.topic(place.topic)?.leader(of: place.partition) else {
                refreshSoon()
                continue
            }
            byLeader[leader.node, default: []].append(place)
        }
        if let earliest { pumpLater(at: earliest) }
        for (leader, due) in byLeader where !fetchingLeaders.contains(leader) {
            // Looked at again: another round may have taken some while this one asked for leaders.
            let places = due.filter { positions[$0]?.isFetching == false }
            if places.isEmpty { continue }
            fetchingLeaders.insert(leader)
            for place in places { positions[place]?.isFetching = true }
            Task {
                await fetch(places, from: leader)
                fetchingLeaders.remove(leader)
                for place in places { positions[place]?.isFetching = false }
                serveTaker()
                pump()
            }
        }
    }

    private func pumpLater(at deadline: NIODeadline) {
        timer?.cancel()
        timer = cluster.eventLoop.scheduleTask(deadline: deadline) { [weak self] in
            self?.assumeIsolated { $0.pump() }
        }
    }

    private func fetch(_ places: [TopicPartition], from leader: Int32) async {
        let begin = NIODeadline.now()
        let before = places.map { positions[$0]?.next }
        let turns = Dictionary(uniqueKeysWithValues: places.map { ($0, positions[$0]?.turn) })
        do throws(KafkaClientError) {
            let connection = try await cluster.connection(to: leader, for: .fetch)
            let (request, byID) = await request(for: places)
            // Versions from 13 on name topics by id only.
            let limit: Int16 = byID == nil ? 12 : .max
            let answer = try await connection.send(request, atMostVersion: limit)
            guard answer.errorCode == .none else {
                throw .refused(.fetch, answer.errorCode, subject: "\(connection.address)", message: nil)
            }
            for topic in answer.topics {
                guard let name = topic.id == .zero ? topic.name : byID?[topic.id] else { continue }
                for partition in topic.partitions {
                    let place = TopicPartition(topic: name, partition: partition.index)
                    guard let turn = turns[place], positions[place]?.turn == turn else { continue }
                    await take(partition, of: place)
                }
            }
            if before == places.map({ positions[$0]?.next }) { rest(places, since: begin) }
            if answer.throttleMilliseconds > 0 {
                for place in places {
                    positions[place]?.notBefore = .now() + .milliseconds(Int64(answer.throttleMilliseconds))
                }
            }
        } catch {
            if isStopped { return }
            onEvent(.trouble(error))
            for place in places { pause(place) }
            refreshSoon()
        }
    }

    /// A broker that has nothing should wait before it says so; one that does not is not asked in a circle.
    private func rest(_ places: [TopicPartition], since begin: NIODeadline) {
        let end = begin + TimeAmount(min(configuration.longestWait / 2, .milliseconds(100)))
        for place in places {
            let before = positions[place]?.notBefore ?? end
            positions[place]?.notBefore = max(end, before)
        }
    }

    private func request(for places: [TopicPartition]) async -> (FetchRequest, [TopicID: String]?) {
        var topics: [String: FetchRequest.Topic] = [:]
        var byID: [TopicID: String]? = [:]
        for place in places.shuffled() {
            guard let position = positions[place] else { continue }
            let metadata = await cluster.topic(place.topic)
            if let id = metadata?.id { byID?[id] = place.topic } else { byID = nil }
            topics[place.topic, default: FetchRequest.Topic(name: place.topic, id: metadata?.id ?? .zero)].partitions
                .append(
                    FetchRequest.Partition(
                        index: place.partition, fetchOffset: position.next, maxBytes: configuration.partitionBytes))
        }
        let request = FetchRequest(
            maxWaitMilliseconds: Int32(clamping: configuration.longestWait.wholeMilliseconds), minBytes: 1,
            maxBytes: configuration.fetchBytes, topics: Array(topics.values))
        return (request, byID)
    }

    private func pause(_ place: TopicPartition) {
        guard var position = positions[place] else { return }
        position.failures += 1
        position.notBefore = .now() + TimeAmount(delay(position.failures))
        positions[place] = position
    }

    private func delay(_ failures: Int) -> Duration {
        let configuration = cluster.configuration
        return configuration.backoff.delay(afterFailures: failures, jitter: configuration.jitter())
    }

    // MARK: What came

    private func take(_ answer: FetchResponse.Partition, of place: TopicPartition) async {
        guard let position = positions[place] else { return }
        switch answer.errorCode {
        case .none: cut(answer.records ?? ByteBuffer(), of: place)
        case .offsetOutOfRange:
            guard let elsewhere = configuration.whenOutOfRange else {
                failure = .refused(.fetch, .offsetOutOfRange, subject: "\(place) at \(position.next)", message: nil)
                return
            }
            do throws(KafkaClientError) {
                let now = try await offset(of: place, elsewhere)
                guard positions[place]?.turn == position.turn else { return }
                onEvent(.outOfRange(place, wanted: position.next, now: now))
                positions[place]?.next = now
            } catch {
                onEvent(.trouble(error))
            }
            pause(place)
        default:
            let error = KafkaClientError.refused(.fetch, answer.errorCode, subject: "\(place)", message: nil)
            onEvent(.trouble(error))
            if error.isRetriable {
                pause(place)
                refreshSoon()
            } else {
                failure = error
            }
        }
    }

    /// Cuts what a broker sent into batches. The last one may have been cut off by the broker: it comes again.
    private func cut(_ records: ByteBuffer, of place: TopicPartition) {
        guard var position = positions[place] else { return }
        defer { positions[place] = position }
        var rest = records
        var progressed = false
        while rest.readableBytes > 0, !position.isFinished {
            let header: RecordBatchHeader
            do throws(BatchError) {
                let readable = rest.readableBytesSpan
                header = try RecordBatchHeader(parsing: readable)
            } catch {
                if case .incomplete = error, progressed { break }
                damaged(place, &position, error)
                return
            }
            guard let bytes = rest.readSlice(length: header.totalBytes) else {
                if !progressed {
                    damaged(
                        place, &position,
                        .incomplete(needed: header.totalBytes, available: rest.readableBytes))
                }
                break
            }
            progressed = true
            // What lies wholly before the offset asked for was delivered before, or never wanted.
            guard header.nextOffset > position.next else { continue }
            batches.append(
                FetchedBatch(
                    topic: place.topic, partition: place.partition, header: header, from: position.next, bytes: bytes))
            bufferedBytes += bytes.readableBytes
            buffered.wrappingAdd(1, ordering: .relaxed)
            position.next = header.nextOffset
            position.failures = 0
        }
    }

    private func damaged(_ place: TopicPartition, _ position: inout Position, _ error: BatchError) {
        onEvent(.damaged(place, at: position.next, error))
        position.failures += 1
        position.notBefore = .now() + TimeAmount(delay(position.failures))
    }
}
