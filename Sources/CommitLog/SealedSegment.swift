internal import FileAccess
internal import Primitives
internal import Synchronization
internal import SystemPackage

/// A segment that takes no more appends. Its files are opened when somebody reads them, and closed when so many others
/// were read since that the cache has no room for it.
///
/// The first look at the files is when they are opened: indexes that are not those of the summary are built anew then,
/// by whoever came to read.
final class SealedSegment: Sendable {
    private let opener: SegmentOpener
    private let summary: SegmentSummary
    private let cache: OpenSegmentCache
    private let repairs: SegmentRepairs
    /// Held by the one thread that opens the files; `files` is set while the segment is being deleted or replaced.
    private let pinned = Mutex<(files: OpenSegment?, isRetired: Bool)>((nil, false))

    init(_ opener: SegmentOpener, _ summary: SegmentSummary, cache: OpenSegmentCache, repairs: SegmentRepairs) {
        self.opener = opener
        self.summary = summary
        self.cache = cache
        self.repairs = repairs
    }

    deinit {
        cache.forget(ObjectIdentifier(self))
    }

    var view: SegmentView {
        SegmentView(path: opener.names.log, summary: summary, files: .sealed(self))
    }

    /// Takes over files that are open already.
    func adopt(_ open: OpenSegment) {
        cache.insert(open, ObjectIdentifier(self))
    }

    /// The files where they are open.
    ///
    /// - Throws: what `needsWaiting` says, where they are not.
    func opened() throws(LogError) -> OpenSegment {
        if let open = cache.find(ObjectIdentifier(self)) { return open }
        throw .file(FileError(operation: "open", path: opener.names.log, errno: .resourceTemporarilyUnavailable))
    }

    func open() throws(LogError) -> OpenSegment {
        if let open = cache.find(ObjectIdentifier(self)) { return open }
        return try pinned.withLock { (pinned) throws(LogError) -> OpenSegment in
            // Another thread may have been faster.
            if let open = pinned.files ?? cache.find(ObjectIdentifier(self)) { return open }
            // The files under its names may be another segment's by now.
            if pinned.isRetired {
                throw .file(FileError(operation: "open", path: opener.names.log, errno: .noSuchFileOrDirectory))
            }
            let open = try opener.open(expecting: summary, repairs: repairs)
            cache.insert(open, ObjectIdentifier(self))
            return open
        }
    }

    /// Opens the log for those who have yet to come, since its name goes away. Where it cannot be opened, it could not
    /// be read before either.
    func pin() {
        pinned.withLock { pinned in
            if pinned.files == nil { pinned.files = cache.find(ObjectIdentifier(self)) ?? opener.openToScan(summary) }
        }
    }

    /// Its files keep their names after all.
    func unpin() { release(retiring: false) }

    /// Its names are gone, or another's: who has it open goes on, and nobody opens it any more.
    func retire() { release(retiring: true) }

    private func release(retiring: Bool) {
        let closed = pinned.withLock { pinned in
            defer { pinned = (nil, retiring) }
            return pinned.files
        }
        withExtendedLifetime(closed) {}
        cache.forget(ObjectIdentifier(self))
    }
}

/// What had to be built anew in a log's segments, since the log was opened.
final class SegmentRepairs: Sendable {
    struct Found {
        var rebuiltIndexes = 0
        var damages: [LogDamage] = []
    }

    private static let damageLimit = 1000
    private let state = Mutex(Found())

    var found: Found { state.withLock { $0 } }

    func add(rebuiltIndexes: Int = 0, damages: [LogDamage]) {
        state.withLock { found in
            found.rebuiltIndexes += rebuiltIndexes
            for damage in damages where !found.damages.contains(damage) && found.damages.count < Self.damageLimit {
                found.damages.append(damage)
            }
        }
    }
}
