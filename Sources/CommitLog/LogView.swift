package import FileAccess
package import Primitives
package import SystemPackage

/// Whether a read may wait for the disk. Without, it throws what `LogError.needsWaiting` says where it would have to.
package enum ReadPatience: Sendable {
    case waiting, none
}

/// What readers may see of one segment: everything named here is durable and does not change.
package struct SegmentView: Sendable {
    enum Files: Sendable {
        case open(OpenSegment)
        case sealed(SealedSegment)
        /// Of a log that could not be opened.
        case unavailable(LogError)
    }

    /// The .log file.
    package var path: FilePath
    var summary: SegmentSummary
    var files: Files

    package var baseOffset: Offset { summary.baseOffset }
    /// Behind the segment's last record.
    package var endOffset: Offset { summary.endOffset }
    package var bytes: Int64 { summary.bytes }
    package var maxTimestamp: Timestamp { summary.maxTimestamp }

    /// - Throws: without patience, what `needsWaiting` says where files would have to be opened.
    func open(_ patience: ReadPatience = .waiting) throws(LogError) -> OpenSegment {
        switch (files, patience) {
        case (.open(let segment), .waiting): segment
        case (.sealed(let segment), .waiting): try segment.open()
        case (.open(let segment), .none): segment.resident()
        case (.sealed(let segment), .none): try segment.opened().resident()
        case (.unavailable(let error), _): throw error
        }
    }

    /// The segment behind this view, where it takes no more appends.
    var sealed: SealedSegment? {
        if case .sealed(let segment) = files { segment } else { nil }
    }
}

/// What readers may see of a partition at a moment. A view stays readable whatever becomes of the log meanwhile.
package struct LogView: Sendable {
    /// The first offset that can be read.
    package var startOffset: Offset
    /// Behind the last durable record: Kafka's high watermark.
    package var endOffset: Offset
    package var leaderEpoch: LeaderEpoch
    /// The segments that take no more appends, in the order of their base offsets. Apart from the active one, so that
    /// an append copies no array however many there are.
    package var sealed: [SegmentView]
    package var active: SegmentView
    /// Raised whenever segments go or are replaced.
    var generation = 0

    /// In the order of their base offsets; never empty.
    package var segments: [SegmentView] { sealed + [active] }

    package var segmentCount: Int { sealed.count + 1 }

    package func segment(_ index: Int) -> SegmentView { index == sealed.count ? active : sealed[index] }

    package var bytes: Int64 { sealed.reduce(active.bytes) { $0 + $1.bytes } }
}

/// A run of whole batches in a segment's file.
package struct LogSlice: Sendable {
    package var file: any ReadableFile
    package var position: Int64
    package var byteCount: Int

    /// Reads the slice into `bytes`, which has at least `byteCount` bytes.
    ///
    /// - Returns: how many bytes were read.
    package func read(into bytes: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        try unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<byteCount]), at: position)
    }
}
