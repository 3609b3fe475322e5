internal import KafkaProtocol
internal import NIOCore
internal import Primitives
internal import RecordBatches

/// What the end of a partition's log holds of a producer.
struct TailScan: Equatable, Sendable {
    /// Of the last batch found; nil where there is none.
    var lastSequence: SequenceNumber?
    /// All of the log since the time asked for was looked at, and nothing of it can have been deleted.
    var isComplete: Bool
}

extension KafkaCluster {
    /// Reads the headers of a partition's batches from a time on to the end, looking for those of a producer.
    ///
    /// For where a leader does not tell, or has forgotten, what it has of a producer: every stored batch carries its producer's
    /// id, epoch and sequence, as long as it is retained. Brokers send whole batches, so this costs their bytes.
    ///
    /// - Parameters:
    ///   - time: of the earliest record looked for; clocks may differ by `clockSkew`.
    ///   - limit: after so many bytes it ends, incomplete.
    func scanTail(
        of place: TopicPartition, since time: Timestamp, for identity: ProducerIdentity, limit: Int
    ) async throws(KafkaClientError) -> TailScan {
        typealias Special = ListOffsetsRequest.SpecialTimestamp
        let from = Timestamp(milliseconds: max(0, time.milliseconds - Self.clockSkew.wholeMilliseconds))
        let earliest = try await listOffset(of: place, at: Special.earliest) ?? .zero
        let end = try await listOffset(of: place, at: Special.latest) ?? .zero
        // Where no record is as late the newest ones are looked at nevertheless: not all brokers know times.
        let found = try await listOffset(of: place, at: from)
        var next = found ?? max(earliest, Offset(end.value - Self.recordsWithoutTime))
        var scan = TailScan(lastSequence: nil, isComplete: earliest == .zero || next > earliest)
        var bytes = 0
        while next < end {
            let records = try await fetchRecords(of: place, at: next)
            bytes += records.readableBytes
            let before = next
            Self.look(through: records, for: identity, &next, &scan)
            if next == before || bytes > limit {
                scan.isComplete = scan.isComplete && next >= end
                break
            }
        }
        return scan
    }

    private static var clockSkew: Duration { .seconds(600) }
    private static var recordsWithoutTime: Int64 { 100_000 }

    private static func look(
        through records: ByteBuffer, for identity: ProducerIdentity, _ next: inout Offset, _ scan: inout TailScan
    ) {
        var rest = records
        while rest.readableBytes >= RecordBatchHeader.byteCount {
            let header: RecordBatchHeader
            do throws(BatchError) {
                let readable = rest.readableBytesSpan
                header = try RecordBatchHeader(parsing: readable)
            } catch {
                // What cannot be read ends it: then the scan is incomplete.
                return
            }
            guard rest.readSlice(length: header.totalBytes) != nil else { return }
            if header.producerID == identity.id && header.producerEpoch == identity.epoch
                && !header.attributes.isControl
            {
                scan.lastSequence = header.lastSequence
            }
            next = max(next, header.nextOffset)
        }
    }

    private func fetchRecords(of place: TopicPartition, at offset: Offset) async throws(KafkaClientError) -> ByteBuffer
    {
        let leader = try await leader(of: place)
        let connection = try await connection(to: leader.node, for: .fetch)
        let id = topic(place.topic)?.id
        let request = FetchRequest(
            maxWaitMilliseconds: 500, minBytes: 1, maxBytes: 8 << 20,
            topics: [
                FetchRequest.Topic(
                    name: place.topic, id: id ?? .zero,
                    partitions: [
                        FetchRequest.Partition(index: place.partition, fetchOffset: offset, maxBytes: 8 << 20)
                    ])
            ])
        // Versions from 13 on name topics by id only.
        let answer = try await connection.send(request, atMostVersion: id == nil ? 12 : .max)
        let entry = answer.topics.first?.partitions.first { $0.index == place.partition }
        let code = answer.errorCode == .none ? entry?.errorCode ?? .unknownTopicOrPartition : answer.errorCode
        guard code == .none else {
            if code.isRetriable { forget(topic: place.topic) }
            throw .refused(.fetch, code, subject: "\(place)", message: nil)
        }
        return entry?.records ?? ByteBuffer()
    }
}
