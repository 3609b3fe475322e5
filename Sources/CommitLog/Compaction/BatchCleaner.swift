internal import ForeignCodecs
internal import Primitives
internal import RecordBatches

/// Decides what is left of a batch: which records, and when its tombstones may go (Kafka's Cleaner.cleanInto).
///
/// - A record stays unless a later one of its key is below the round's end. One without a key cannot be in a compacted
///   log, and goes.
/// - A tombstone, a record without a value, stays until the delete horizon that the round which first met it wrote into
///   the batch (KIP-534), so that consumers who read from the start within that time learn of the deletion.
/// - A batch without records goes, unless it is its producer's last, or the last that the round sees: a log whose end
///   nobody can read would leave consumers waiting before it.
/// - Control batches stay as they are.
struct BatchCleaner {
    enum Cleaned {
        case kept
        case dropped
        case rebuilt([UInt8])
    }

    private let map: KeyMap
    /// The first offset that the map knows nothing of.
    private let mapEnd: Offset
    private let plan: CompactionPlan
    private let compressors = BatchRecompressors(foreign: ForeignCodecs.compress)
    private(set) var removedRecords: Int64 = 0
    private(set) var keylessRecords: Int64 = 0
    /// When the first of the kept tombstones may go; `.none` where there are none.
    private(set) var nextHorizon = Timestamp.none

    init(_ plan: CompactionPlan, map: KeyMap, mapEnd: Offset) {
        self.plan = plan
        self.map = map
        self.mapEnd = mapEnd
    }

    /// - Parameter isLast: whether it is the last batch that the round sees.
    mutating func clean(_ batch: RecordBatchContents, isLast: Bool) throws(BatchError) -> Cleaned {
        let header = batch.header
        if header.attributes.isControl { return .kept }
        let horizon = header.attributes.hasDeleteHorizon ? header.baseTimestamp : nil
        let records = try batch.records()
        var kept: [RecordBatchContents.Record] = []
        kept.reserveCapacity(records.count)
        var hasTombstone = false
        for record in records where retains(record, in: batch, horizon: horizon) {
            kept.append(record)
            if record.value == nil { hasTombstone = true }
        }
        removedRecords += Int64(records.count - kept.count)
        if kept.isEmpty {
            guard isLast || (header.isIdempotent && plan.lastOffsets[header.producerID] == header.lastOffset) else {
                return .dropped
            }
            return records.isEmpty ? .kept : .rebuilt(batch.rebuilt(keeping: [], compressors: compressors))
        }
        var newHorizon: Timestamp?
        if hasTombstone {
            // What lies behind the map's end is met again.
            if horizon == nil && header.lastOffset < mapEnd {
                let (time, overflows) = plan.now.milliseconds.addingReportingOverflow(
                    plan.configuration.deleteRetentionMilliseconds)
                newHorizon = Timestamp(milliseconds: overflows ? .max : time)
            }
            if let due = newHorizon ?? horizon { nextHorizon = nextHorizon == .none ? due : min(nextHorizon, due) }
        }
        if kept.count == records.count && newHorizon == nil { return .kept }
        return .rebuilt(batch.rebuilt(keeping: kept, deleteHorizon: newHorizon, compressors: compressors))
    }

    private mutating func retains(
        _ record: RecordBatchContents.Record, in batch: RecordBatchContents, horizon: Timestamp?
    ) -> Bool {
        if record.offset >= mapEnd { return true }
        guard let key = record.key else {
            keylessRecords += 1
            return false
        }
        if let newest = map.offset(of: batch.payload.rawBytes.extracting(key)), record.offset < newest { return false }
        if record.value != nil { return true }
        return horizon.map { plan.now < $0 } ?? true
    }
}
