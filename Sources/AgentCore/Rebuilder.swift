internal import FileTailing
internal import Primitives
internal import RecordBatches
internal import SystemPackage

/// Builds the batches again that an earlier life gave sequences to, and of which it does not know that they are
/// acknowledged: from the same bytes, cut in the same way, in the same order.
///
/// A batch whose input cannot be read now, or is not what it was, stays without content: the cluster may still have it.
/// Until that is known nothing more is read of its files, and what follows of them is not built either; so their lines
/// stay in order when the batch turns out to be missing and its lines are read as new ones.
struct Rebuilder {
    let tailer: Tailer
    let hostName: String
    let compressor: BatchCompressor
    /// Bytes of batches to have in memory.
    let budget: Int
    /// Reads a batch that is in a spool.
    let stored: (SpoolReference) -> SpoolEntry?

    /// Files with batches that could not be built, and how many.
    private(set) var unresolved: [TailedFileID: Int] = [:]
    private(set) var bytes = 0

    init(
        _ tailer: Tailer, hostName: String, compressor: BatchCompressor, budget: Int,
        stored: @escaping (SpoolReference) -> SpoolEntry?
    ) {
        self.tailer = tailer
        self.hostName = hostName
        self.compressor = compressor
        self.budget = budget
        self.stored = stored
    }

    mutating func rebuild(_ open: JournalState.OpenBatch) -> Shipment {
        var shipment = Shipment(place: open.place, timestamp: open.timestamp, parts: [])
        switch open.origin {
        case .spool(let reference):
            shipment.spool = reference
            if bytes < budget, let entry = stored(reference) {
                shipment.batch = entry.batch
                shipment.parts = [entry.part]
            }
        case .files(let segments):
            if let (parts, batch) = read(segments, open) {
                shipment.parts = parts
                shipment.batch = batch
            } else {
                shipment.parts = segments.map { BatchPart(source: "", share: RecordShare(), segment: $0) }
                for file in Set(segments.map(\.file)) { unresolved[file, default: 0] += 1 }
            }
        }
        if let batch = shipment.batch, batch.recordCount != open.position + open.records { shipment.batch = nil }
        shipment.isMissing = shipment.batch == nil
        bytes += shipment.batch?.byteCount ?? 0
        return shipment
    }

    private func read(
        _ segments: [SourceSegment], _ open: JournalState.OpenBatch
    ) -> ([BatchPart], SealedBatch)? {
        guard bytes < budget, segments.allSatisfy({ unresolved[$0.file] == nil }),
            segments.reduce(0, { $0 + $1.range.lines }) == open.position + open.records
        else { return nil }
        let places = Set(segments.map(\.file)).map { (file: $0, place: tailer.readingPlace(of: $0)) }
        let builder = RecordBatchBuilder(limit: 1 << 30)
        var parts: [BatchPart] = []
        for segment in segments {
            guard let part = read(segment, open.timestamp, into: builder) else {
                // None of the batch's lines was read, then.
                for (file, place) in places { if let place { tailer.goBack(file, to: place) } }
                return nil
            }
            parts.append(part)
        }
        return (parts, builder.seal(with: compressor))
    }

    private func read(_ segment: SourceSegment, _ timestamp: Timestamp, into builder: RecordBatchBuilder) -> BatchPart?
    {
        guard let checkpoint = tailer.checkpoint(of: segment.file) else { return nil }
        let key = recordKey(host: hostName, checkpoint.originalPath.bytes)
        var share = RecordShare()
        var extents = RecordExtents()
        var end = segment.range.start
        let isSame = tailer.reread(segment.file, segment.range) { line, info in
            let added = builder.append(key: key.rawBytes, value: line, timestamp: timestamp, headers: info.headers)
            precondition(added, "BUG: a batch that was built once does not fit")
            if !RecordExtents.follows(from: info.start, to: info.end, value: line.byteCount, after: end) {
                extents.note(share.records, gap: info.start - end, length: info.end - info.start)
            }
            share.records += 1
            share.bytes += info.end - info.start
            end = info.end
        }
        if !isSame { return nil }
        return BatchPart(source: checkpoint.source, share: share, segment: segment, extents: extents)
    }
}

/// The key of a source's records.
func recordKey(host: String, _ name: [UInt8]) -> [UInt8] { Array(host.utf8) + [UInt8(ascii: ":")] + name }
