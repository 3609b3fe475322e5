internal import FileAccess
internal import Primitives
internal import RecordBatches
internal import SystemPackage

// The producers: the newest snapshot that reads back, and the headers behind it.
extension LogRecovery {
    mutating func loadProducers(
        _ snapshots: [Offset], sealed: [SegmentView], active: ActiveSegment
    ) throws(LogError) -> ProducerTable {
        var table = ProducerTable()
        var from = Offset.zero
        for offset in snapshots.reversed() where offset <= active.endOffset {
            let path = SegmentNames(directory: directory, baseOffset: offset).producers
            if let bytes = try? fileSystem.readWhole(path, limit: 1 << 30),
                let loaded = ProducerTable(snapshot: bytes, at: offset)
            {
                table = loaded
                from = offset
                break
            }
        }
        for segment in sealed + [active.view()] where segment.endOffset > from && segment.bytes > 0 {
            try replay(try segment.open(), from: from, into: &table)
        }
        return table
    }

    private mutating func replay(
        _ segment: OpenSegment, from: Offset, into table: inout ProducerTable
    ) throws(LogError) {
        // The time of arrival is not in the log; the file's last change is the nearest that is known, and by our clock.
        let modified = try withFiles { () throws(FileError) in try segment.log.status().modified }
        let arrival = Timestamp(modified)
        // The scan may begin late only where no damage can make it begin too late.
        let start = from > segment.baseOffset ? (try? segment.position(of: from))?.position ?? 0 : 0
        var walk = SegmentWalk(
            file: segment.log, path: segment.path, from: start, to: segment.bytes,
            offsets: segment.baseOffset..<segment.summary.endOffset)
        while let batch = try walk.next() {
            guard batch.header.baseOffset >= from else { continue }
            table.add(batch.header, arrival: arrival, limit: configuration.maximumProducers)
        }
        repairs.add(damages: walk.damages)
    }
}
