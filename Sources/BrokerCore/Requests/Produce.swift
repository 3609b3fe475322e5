// Produce, versions 3 to 13, by topic id from 13; advertised from 0, since librdkafka before 2.11 takes the lack of
// version 0 for a broker that knows no compression (KAFKA-18659).

internal import CommitLog
internal import ForeignCodecs
internal import KafkaProtocol
internal import Logging
internal import NIOCore
internal import Primitives
internal import RecordBatches

extension Broker {
    func produce(
        _ request: ProduceRequest, _ header: RequestHeader, _ client: ClientConnection, _ byteCount: Int,
        _ reply: @escaping @Sendable (Reply) -> Void
    ) {
        let answer = self.answer(ProduceRequest.self, header, reply)
        let acknowledgements = request.acknowledgements
        let share = quotas.share(.produce, of: client, clientID: header.clientID)
        let valid = (-1...1).contains(acknowledgements)
        let gathered = Gathering<[ProduceResponse.Partition]>(count: request.topics.count) { topics in
            // The answer first, then silence (KIP-219).
            let throttle = share.take(byteCount)
            if throttle > 0 { client.mute(milliseconds: throttle) }
            guard acknowledgements != 0 else {
                let failed = topics.joined().first { $0.errorCode != .none }
                // With acks=0 the end of the connection is the only way to tell of an error; as Kafka does.
                return reply(failed.map { .close(reason: "acks=0, and \($0.errorCode)") } ?? .nothing)
            }
            answer(
                ProduceResponse(
                    topics: zip(request.topics, topics).map { asked, partitions in
                        ProduceResponse.Topic(name: asked.name, id: asked.id, partitions: partitions)
                    }, throttleMilliseconds: throttle))
        }
        for (number, topic) in request.topics.enumerated() {
            let inTopic = Gathering<ProduceResponse.Partition>(count: topic.partitions.count) {
                gathered.put($0, at: number)
            }
            // Of an id that is none there is no name to ask about: ids are no secret.
            let name = header.apiVersion >= 13 ? self.topic(id: topic.id)?.name : topic.name
            let isAllowed = name.map { authorize(.write, on: .topic($0), for: client) } ?? true
            for (place, data) in topic.partitions.enumerated() {
                guard isAllowed else {
                    inTopic.put(
                        refused(data.index, .topicAuthorizationFailed, "not allowed to write to \(name ?? "")"),
                        at: place)
                    continue
                }
                guard valid else {
                    inTopic.put(refused(data.index, .invalidRequiredAcks, "acks is -1, 0 or 1"), at: place)
                    continue
                }
                guard let name else {
                    inTopic.put(refused(data.index, .unknownTopicID, "no topic has the id \(topic.id)"), at: place)
                    continue
                }
                append(data, to: name) { inTopic.put($0, at: place) }
            }
        }
    }

    private func append(
        _ data: ProduceRequest.Partition, to topic: String,
        _ done: @escaping @Sendable (ProduceResponse.Partition) -> Void
    ) {
        let index = data.index
        guard let partition = partition(topic, index) else {
            return done(refused(index, .unknownTopicOrPartition, "there is no \(topic)-\(index)"))
        }
        if TopicName.isInternal(topic) {
            return done(refused(index, .invalidTopicException, "\(topic) is the collector's own topic"))
        }
        switch checkedHeader(data.records, partition) {
        case .failure(let problem):
            var answer = refused(index, problem.code, problem.message)
            answer.recordErrors = problem.records
            done(answer)
        case .success(let checked):
            partition.storage.submit(
                .append(partition, checked.header, checked.batch) { [self] outcome in
                    done(response(index, outcome))
                })
        }
    }

    private struct BatchProblem: Error {
        var code: ErrorCode
        var message: String
        /// Which records it is about.
        var records: [ProduceResponse.RecordError] = []
    }

    /// A compacted topic keeps the newest record of each key: so each has to have one, and to be readable at all (Kafka's
    /// LogValidator). This is the one case in which a batch is taken apart on its way in.
    private func keyProblem(_ batch: ByteBuffer, _ partition: Partition) throws(BatchError) -> BatchProblem? {
        let contents = try RecordBatchContents(
            batch.readableBytesSpan, limit: Self.expansionLimit, foreign: ForeignCodecs.decompress)
        let keyless = try contents.records().enumerated().filter { $0.element.key == nil }
        guard let first = keyless.first else { return nil }
        let place = "\(partition.topic)-\(partition.index)"
        return BatchProblem(
            code: .invalidRecord,
            message: "\(keyless.count) records have no key, the first is number \(first.offset) of its batch; "
                + "\(place) is compacted, which takes none without",
            records: keyless.prefix(100).map { index, _ in
                ProduceResponse.RecordError(batchIndex: Int32(index), message: "a record without a key")
            })
    }

    /// Most bytes of records, uncompressed, in a batch for a compacted topic. Less than what compaction itself reads.
    private static var expansionLimit: Int { 64 << 20 }

    /// Checks that `records` is exactly one whole batch that may be appended.
    private func checkedHeader(
        _ records: ByteBuffer?, _ partition: Partition
    ) -> Result<(header: RecordBatchHeader, batch: ByteBuffer), BatchProblem> {
        guard let records, records.readableBytes > 0 else {
            return .failure(BatchProblem(code: .invalidRecord, message: "a record batch is missing"))
        }
        do throws(BatchError) {
            let header = try RecordBatchHeader(checking: records.readableBytesSpan)
            try header.checkFromProducer()
            if header.totalBytes != records.readableBytes {
                return .failure(
                    BatchProblem(code: .invalidRecord, message: "exactly one record batch per partition is taken"))
            }
            if header.attributes.isControl || header.attributes.isTransactional {
                return .failure(
                    BatchProblem(
                        code: header.attributes.isControl ? .invalidRecord : .invalidTxnState,
                        message: "control and transactional batches are not taken"))
            }
            if header.totalBytes > partition.maximumMessageBytes {
                return .failure(
                    BatchProblem(
                        code: .messageTooLarge,
                        message: "\(header.totalBytes) bytes are more than max.message.bytes, "
                            + "\(partition.maximumMessageBytes)"))
            }
            if partition.settings.log.cleanup.contains(.compact), let problem = try keyProblem(records, partition) {
                return .failure(problem)
            }
            return .success((header, records))
        } catch {
            return .failure(BatchProblem(code: error.errorCode, message: error.description))
        }
    }

    private func response(_ index: Int32, _ outcome: AppendOutcome) -> ProduceResponse.Partition {
        switch outcome {
        case .appended(let base, let time, let start):
            ProduceResponse.Partition(index: index, baseOffset: base, logAppendTime: time, logStartOffset: start)
        case .duplicate(let base, let timestamp, let start):
            // As Kafka does: the time tells a duplicate from a fresh append.
            ProduceResponse.Partition(index: index, baseOffset: base, logAppendTime: timestamp, logStartOffset: start)
        case .refused(let code, let message): refused(index, code, message)
        }
    }

    private func refused(_ index: Int32, _ code: ErrorCode, _ message: String) -> ProduceResponse.Partition {
        ProduceResponse.Partition(index: index, errorCode: code, errorMessage: message)
    }
}

extension BatchError {
    /// How Kafka answers such a batch.
    fileprivate var errorCode: ErrorCode {
        switch self {
        case .incomplete, .lengthOutOfRange, .checksumMismatch, .notDecompressible: .corruptMessage
        case .unsupportedMagic: .unsupportedForMessageFormat
        case .unknownCodec, .codecNotSupported: .unsupportedCompressionType
        case .countMismatch, .offsetsOutOfRange, .incompleteProducer, .malformedRecord: .invalidRecord
        case .tooLarge: .messageTooLarge
        }
    }
}
