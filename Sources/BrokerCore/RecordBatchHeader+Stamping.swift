internal import Primitives
internal import RecordBatches

extension RecordBatchHeader {
    /// The header as a topic of this kind of timestamps stores it. Only where that changes it, the checksum is computed
    /// anew; records are never touched (Kafka's DefaultRecordBatch.setMaxTimestamp).
    func stamped(_ type: TopicSettings.TimestampType, at now: Timestamp, records: RawSpan) -> RecordBatchHeader {
        var stamped = self
        switch type {
        case .logAppendTime:
            stamped.attributes = attributes.withLogAppendTime()
            stamped.maxTimestamp = now
        case .createTime:
            // The producer's claim that the time is ours.
            guard attributes.hasLogAppendTime else { return self }
            stamped.attributes.rawValue &= ~0x08
        }
        stamped.updateChecksum(records: records)
        return stamped
    }
}
