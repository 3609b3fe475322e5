internal import FileTailing

/// Where a batch's records came from: what it takes to build the batch again.
enum BatchOrigin: Hashable, Sendable {
    /// Lines of files, in the order of the records. The files themselves still hold the bytes.
    case files([SourceSegment])
    /// A batch that lies whole in a spool, because its input cannot be read again.
    case spool(SpoolReference)
}

/// Consecutive records that are lines of one file.
struct SourceSegment: Hashable, Sendable {
    var file: TailedFileID
    var range: ReadRange
}

/// One entry of a spool.
struct SpoolReference: Hashable, Sendable {
    var spool: String
    /// Counted from 1 through all of the spool's life.
    var ordinal: UInt64
}
