internal import FileAccess
internal import Primitives
internal import SystemPackage

/// The journal's file, as one thread uses it: frames are appended, synced, and now and then the whole is written anew
/// without what is out of date.
struct JournalFile {
    private let path: FilePath
    private let fileSystem: any FileSystem
    /// nil before it was written for the first time.
    private var file: (any OpenFile)?
    /// Behind the last byte that is known to be durable.
    private var end: Int64
    /// The frames behind `end`, of which so many bytes were written.
    private var unsynced: [UInt8] = []
    private var written = 0
    private var lastOrdinal: UInt64
    private var durableOrdinal: UInt64
    /// What follows from `state` alone when it was last written anew.
    private var sizeWhenWritten: Int64
    /// The file is not to be relied upon behind `end`, or holds what must not be read again.
    private var mustWriteAnew: Bool
    /// fdatasync(2) calls so far, those of a whole new file included.
    private(set) var syncs = 0

    /// Memory for frames that cannot be written; beyond it the file is written anew from the state.
    private static let unsyncedLimit = 1 << 20
    private static let smallestLimit: Int64 = 1 << 20

    /// - Parameter mustWriteAnew: what was read is to be replaced before anything is added.
    init(
        _ path: FilePath, fileSystem: any FileSystem, file: (any OpenFile)?, _ reading: JournalFrames.Reading,
        snapshotBytes: Int, mustWriteAnew: Bool
    ) {
        self.path = path
        self.fileSystem = fileSystem
        self.file = file
        end = Int64(reading.end)
        lastOrdinal = reading.lastOrdinal
        durableOrdinal = reading.lastOrdinal
        // Not the file's own size, or it could grow fourfold with every start.
        sizeWhenWritten = Int64(snapshotBytes)
        self.mustWriteAnew = mustWriteAnew || file == nil
    }

    /// Whether the file that is written to is the one that bears the name. One that is yet to be written is.
    func isInPlace() throws(FileError) -> Bool {
        guard !mustWriteAnew, let file else { return true }
        let own = try file.status().number
        do throws(FileError) {
            return try fileSystem.status(of: path, followingLinks: true).number == own
        } catch {
            if error.isNotFound { return false }
            throw error
        }
    }

    /// The next `synchronize` writes the whole file from the state.
    mutating func mustReplace() {
        mustWriteAnew = true
        unsynced = []
        written = 0
    }

    var hasUnsynced: Bool { !unsynced.isEmpty || mustWriteAnew }

    /// Adds a frame, to be written with the next call of `write` or `synchronize`.
    mutating func add(_ entries: [UInt8]) {
        if entries.isEmpty || mustWriteAnew { return }
        if unsynced.count + entries.count > Self.unsyncedLimit {
            mustWriteAnew = true
            unsynced = []
            written = 0
            return
        }
        lastOrdinal += 1
        unsynced += JournalFrames.frame(entries, ordinal: lastOrdinal, durable: durableOrdinal)
    }

    /// Hands all frames to the kernel: they survive the end of the process, not that of the machine.
    mutating func write() throws(FileError) {
        guard !mustWriteAnew, written < unsynced.count, let file else { return }
        try file.write(Array(unsynced[written...]).rawBytes, at: end + Int64(written))
        written = unsynced.count
    }

    /// Makes all frames durable. After an error it may be called again, and does what is left then.
    mutating func synchronize(_ state: JournalState) throws(FileError) {
        if !mustWriteAnew && end + Int64(unsynced.count) > max(Self.smallestLimit, sizeWhenWritten * 4) {
            do throws(FileError) {
                return try writeAnew(state)
            } catch {
                // There may be no room for a second file, but for one more frame.
                if !error.isOutOfSpace { throw error }
                mustWriteAnew = false
            }
        }
        if mustWriteAnew { return try writeAnew(state) }
        guard !unsynced.isEmpty, let file else { return }
        try write()
        syncs += 1
        do throws(FileError) {
            try file.synchronizeData()
        } catch {
            // What the kernel dropped then will not be written by another attempt (fsync(2), errors).
            mustWriteAnew = true
            throw error
        }
        end += Int64(unsynced.count)
        durableOrdinal = lastOrdinal
        unsynced = []
        written = 0
    }

    private mutating func writeAnew(_ state: JournalState) throws(FileError) {
        let parts = JournalFrames.snapshot(of: state)
        let last = lastOrdinal + UInt64(parts.count)
        // Until the new file is open: the old one is no longer what bears the name.
        mustWriteAnew = true
        syncs += 1
        var written: Int64 = 0
        try fileSystem.replace(path) { (new) throws(FileError) in
            for (index, part) in parts.enumerated() {
                let frame = JournalFrames.frame(part, ordinal: lastOrdinal + 1 + UInt64(index), durable: last)
                try new.write(frame.rawBytes, at: written)
                written += Int64(frame.count)
            }
        }
        file = try fileSystem.open(path, .update)
        lastOrdinal = last
        mustWriteAnew = false
        end = written
        sizeWhenWritten = end
        durableOrdinal = last
        unsynced = []
        self.written = 0
    }
}

extension JournalFrames {
    /// A state's entries in pieces of about the size of a snapshot's frame.
    static func snapshot(of state: JournalState) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var part: [UInt8] = []
        part.reserveCapacity(snapshotFrame + 4096)
        state.forEachEntry { entry in
            entry.encode(into: &part)
            if part.count < snapshotFrame { return }
            // Copied, so that its memory is as much as it holds.
            parts.append(Array(part[...]))
            part.removeAll(keepingCapacity: true)
        }
        return parts + [part]
    }
}
