internal import CommitLog
internal import FileAccess
package import KafkaProtocol
internal import Logging
internal import NIOCore
package import Primitives
internal import RecordBatches
internal import SystemPackage

/// What became of an append.
package enum AppendOutcome: Sendable {
    /// It is in the log, durable as the flush policy has it.
    ///
    /// The time is that of the append, where the topic's records have that time; else none.
    case appended(baseOffset: Offset, time: Timestamp, logStart: Offset)
    /// It was there already.
    case duplicate(baseOffset: Offset, timestamp: Timestamp, logStart: Offset)
    case refused(ErrorCode, String)
}

/// What a partition knows of one idempotent producer.
package struct ProducerDescription: Sendable {
    package var id: ProducerID
    package var epoch: ProducerEpoch
    package var lastSequence: SequenceNumber
    package var lastTimestamp: Timestamp
}

/// A thread that owns the logs of some partitions: everything that writes to them is done here, one after the other.
///
/// It takes all that has come meanwhile, appends it, and makes it durable with one fdatasync per partition before it
/// answers any of it. So the slower the disk, the more share a sync, and an idle disk answers at once.
package final class StorageThread: Sendable {
    typealias OpenReply = @Sendable (Result<(log: LogReader, report: RecoveryReport), LogError>) -> Void

    enum Command: Sendable {
        case open(key: Int, FilePath, LogConfiguration, OpenReply)
        case append(Partition, RecordBatchHeader, ByteBuffer, @Sendable (AppendOutcome) -> Void)
        case describeProducers(Partition, @Sendable ([ProducerDescription]) -> Void)
        /// Does something with a log, when all that came before is done and answered; nil where it is not open.
        case withLog(key: Int, @Sendable (PartitionLog?) -> Void)
        /// Closes the log of a partition that is deleted. Nothing more is written to it.
        case drop(key: Int, @Sendable () -> Void)
        /// Deletes what retention no longer keeps, of all logs.
        case applyRetention
        /// Calls back when the thread has ended: after `close`.
        case tellEnd(@Sendable () -> Void)
        /// Forgets a log that was opened for nothing, and leaves its files alone.
        case discard(key: Int)
    }

    private let queue = BlockingQueue<Command>()

    init(
        number: Int, fileSystem: any FileSystem, flush: FlushPolicy, reserve: DiskReserve, clock: any WallClock,
        logger: Logger
    ) {
        let queue = queue
        DedicatedThread.start("storage-\(number)") {
            let loop = StorageLoop(
                fileSystem: fileSystem, flush: flush, reserve: reserve, clock: clock, logger: logger)
            loop.run(queue)
        }
    }

    /// Hands a command over. The order of one thread's commands is kept.
    func submit(_ command: Command) {
        let accepted = queue.put(command)
        guard !accepted else { return }
        switch command {
        case .append(_, _, _, let reply): reply(.refused(.kafkaStorageError, "the collector is stopping"))
        case .describeProducers(_, let reply): reply([])
        case .open(_, let path, _, let reply): reply(.failure(.offline(path)))
        case .withLog(_, let work): work(nil)
        case .drop(_, let done), .tellEnd(let done): done()
        case .discard, .applyRetention: break
        }
    }

    /// Takes no more commands. Those that were taken are carried out and answered; then all logs are closed, cleanly,
    /// and the thread ends.
    ///
    /// - Parameter done: called when it has ended.
    func stop(_ done: @escaping @Sendable () -> Void) {
        submit(.tellEnd(done))
        queue.close()
    }
}

/// The thread's own side: state that no other thread ever sees.
private final class StorageLoop {
    private let fileSystem: any FileSystem
    private let flush: FlushPolicy
    private let clock: any WallClock
    private let logger: Logger
    private var logs: [Int: PartitionLog] = [:]
    /// Logs with appends of this round, each with the partition to wake.
    private var touched: [Int: Partition] = [:]
    private var answers: [(key: Int, reply: @Sendable (AppendOutcome) -> Void, outcome: AppendOutcome)] = []
    /// Partitions whose last write failed: told once, until it works again.
    private var failing: Set<Int> = []
    private var lastIntervalFlush: Timestamp
    private var topicFlushes = TopicFlushes()
    private var reserve: DiskReserve
    private var ends: [@Sendable () -> Void] = []

    init(
        fileSystem: any FileSystem, flush: FlushPolicy, reserve: DiskReserve, clock: any WallClock, logger: Logger
    ) {
        self.reserve = reserve
        self.fileSystem = fileSystem
        self.flush = flush
        self.clock = clock
        self.logger = logger
        self.lastIntervalFlush = clock.now()
    }

    func run(_ queue: BlockingQueue<StorageThread.Command>) {
        while let commands = queue.takeAll(timeout: timeout) {
            for command in commands {
                switch command {
                case .open(let key, let directory, let configuration, let reply):
                    reply(open(key, directory, configuration))
                case .append(let partition, let header, let batch, let reply):
                    append(batch, header, to: partition, reply)
                case .describeProducers(let partition, let reply):
                    reply(describeProducers(partition))
                case .withLog(let key, let work):
                    finishRound()
                    work(logs[key])
                case .drop(let key, let done):
                    finishRound()
                    forget(key)
                    done()
                case .applyRetention:
                    finishRound()
                    applyRetention()
                case .discard(let key): forget(key)
                case .tellEnd(let done): ends.append(done)
                }
            }
            finishRound()
            flushInterval()
            flushTopics()
        }
        closeAll()
        for end in ends { end() }
    }

    /// How long it may wait for commands before something is to be flushed.
    private var timeout: Duration? {
        var waits = topicFlushes.wait(at: clock.now()).map { [$0] } ?? []
        if case .interval(let milliseconds) = flush { waits.append(milliseconds) }
        return waits.min().map { .milliseconds($0) }
    }

    private func forget(_ key: Int) {
        logs[key] = nil
        failing.remove(key)
        topicFlushes.flushed(key)
    }

    private func open(
        _ key: Int, _ directory: FilePath, _ configuration: LogConfiguration
    ) -> Result<(log: LogReader, report: RecoveryReport), LogError> {
        do throws(LogError) {
            let opened = try PartitionLog.open(directory, configuration: configuration, fileSystem: fileSystem)
            logs[key] = opened.log
            return .success((opened.log.reader, opened.report))
        } catch {
            return .failure(error)
        }
    }

    private func append(
        _ batch: ByteBuffer, _ header: RecordBatchHeader, to partition: Partition,
        _ reply: @escaping @Sendable (AppendOutcome) -> Void
    ) {
        let key = partition.storageKey
        if partition.isDeleted {
            return reply(.refused(.unknownTopicOrPartition, "topic \(partition.topic) was deleted"))
        }
        guard let log = logs[key] else {
            return reply(.refused(.kafkaStorageError, "the partition's log is not open"))
        }
        let now = clock.now()
        if let shortage = reserve.shortage(for: header.totalBytes, now: now, in: fileSystem) {
            return reply(refused(shortage, partition))
        }
        let records = batch.readableBytesSpan.extracting(RecordBatchHeader.byteCount..<header.totalBytes)
        let settings = partition.settings
        let stamped = header.stamped(settings.timestampType, at: now, records: records)
        do throws(LogError) {
            let result = try log.append(stamped, records: records, now: now)
            let start = log.reader.view.startOffset
            touched[key] = partition
            switch result {
            case .written(let base, _):
                let time = settings.timestampType == .logAppendTime ? now : .none
                answers.append((key, reply, .appended(baseOffset: base, time: time, logStart: start)))
                if flush != .commit {
                    topicFlushes.appended(Int64(header.recordCount), to: key, settings: settings, now: now)
                }
            case .answered(let verdict):
                answers.append((key, reply, outcome(verdict, header, start)))
            }
        } catch {
            reply(failure(error, partition))
        }
    }

    private func outcome(
        _ verdict: ProducerTable.Verdict, _ header: RecordBatchHeader, _ start: Offset
    ) -> AppendOutcome {
        switch verdict {
        case .append: preconditionFailure("BUG: a batch to append was answered instead")
        case .duplicate(let base, _, let timestamp):
            .duplicate(baseOffset: base, timestamp: timestamp, logStart: start)
        case .oldDuplicate:
            .refused(.duplicateSequenceNumber, "sequences from \(header.baseSequence) on are in the log already")
        case .outOfOrderSequence:
            .refused(
                .outOfOrderSequenceNumber,
                "sequence \(header.baseSequence) of producer \(header.producerID) does not follow its last")
        case .fenced:
            .refused(.invalidProducerEpoch, "producer \(header.producerID) has a newer epoch")
        }
    }

    /// Makes the round's appends durable as the flush policy has it, then answers them and wakes who waits.
    private func finishRound() {
        var failures: [Int: AppendOutcome] = [:]
        for (key, partition) in touched {
            guard let log = logs[key] else { continue }
            do throws(LogError) {
                if flush == .commit || topicFlushes.isFull(key) {
                    try log.synchronize()
                    topicFlushes.flushed(key)
                } else {
                    try log.publish()
                }
                if failing.remove(key) != nil { logger.notice("partition writes again", metadata: place(partition)) }
            } catch {
                failures[key] = failure(error, partition)
            }
        }
        for (key, reply, outcome) in answers { reply(failures[key] ?? outcome) }
        for (key, partition) in touched where failures[key] == nil { partition.endMoved() }
        answers.removeAll(keepingCapacity: true)
        touched.removeAll(keepingCapacity: true)
    }

    private func flushInterval() {
        guard case .interval(let milliseconds) = flush else { return }
        let now = clock.now()
        let elapsed = now.milliseconds - lastIntervalFlush.milliseconds
        // A clock that was set back must not stop the flushes.
        guard elapsed >= milliseconds || elapsed < 0 else { return }
        lastIntervalFlush = now
        for log in logs.values where log.hasUnsynchronized {
            do throws(LogError) { try log.synchronize() } catch { tell(error, at: "\(log.directory)") }
        }
    }

    /// Flushes the logs of topics whose own `flush.ms` is over.
    private func flushTopics() {
        for key in topicFlushes.takeDue(at: clock.now()) {
            guard let log = logs[key] else { continue }
            do throws(LogError) { try log.synchronize() } catch { tell(error, at: "\(log.directory)") }
        }
    }

    private func applyRetention() {
        let now = clock.now()
        for log in logs.values where !log.isOffline {
            do throws(LogError) {
                let report = try log.applyRetention(now: now)
                if report.segments > 0 {
                    logger.info(
                        "retention deleted \(report.segments) segments, \(report.bytes) bytes",
                        metadata: ["log": "\(log.directory)", "start": "\(report.startOffset)"])
                    reserve.lookAgain()
                }
            } catch {
                tell(error, at: "retention")
            }
            log.expireProducers(now: now)
        }
    }

    private func refused(_ shortage: String, _ partition: Partition) -> AppendOutcome {
        if failing.insert(partition.storageKey).inserted {
            logger.error("cannot write to a partition: \(shortage)", metadata: place(partition))
        }
        return .refused(.kafkaStorageError, shortage)
    }

    private func failure(_ error: LogError, _ partition: Partition) -> AppendOutcome {
        if case .largerThanSegment = error { return .refused(.recordListTooLarge, error.description) }
        if failing.insert(partition.storageKey).inserted {
            logger.error("cannot write to a partition: \(error)", metadata: place(partition))
        }
        return .refused(.kafkaStorageError, error.isOutOfSpace ? "the collector's disk is full" : error.description)
    }

    private func describeProducers(_ partition: Partition) -> [ProducerDescription] {
        guard let log = logs[partition.storageKey] else { return [] }
        return log.producers.producers.map { id, producer in
            ProducerDescription(
                id: id, epoch: producer.epoch, lastSequence: producer.lastSequence,
                lastTimestamp: producer.lastTimestamp)
        }
    }

    private func closeAll() {
        for log in logs.values {
            do throws(LogError) { try log.close() } catch { tell(error, at: "\(log.directory)") }
        }
        logs.removeAll()
    }

    private func tell(_ error: LogError, at place: String) {
        logger.error("\(place): \(error)")
    }

    private func place(_ partition: Partition) -> Logger.Metadata {
        ["topic": "\(partition.topic)", "partition": "\(partition.index)"]
    }
}
