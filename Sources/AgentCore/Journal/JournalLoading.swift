internal import FileAccess
internal import Logging
internal import Primitives
internal import SystemPackage

/// What a state directory says when it is opened, and what is not right with it.
struct LoadedJournal: Sendable {
    var state = JournalState()
    var reading = JournalFrames.Reading()
    /// It was there before.
    var isThere = false
    /// The predecessor's file, to be removed once the journal holds what it said.
    var predecessor: FilePath?
    /// Why sequence numbers cannot be relied upon; nil where they can.
    var distrust: Distrust?

    enum Distrust: Sendable, Equatable, CustomStringConvertible {
        case damaged(bytes: Int, frames: UInt64, isEmpty: Bool)
        case copied(from: StateAnchor)

        var description: String {
            switch self {
            case .damaged(_, _, isEmpty: true):
                "the journal was emptied or overwritten: how far files were read is not known any more, so they are read "
                    + "as new ones, from where start says, and lines may come again"
            case .damaged(let bytes, let frames, isEmpty: false):
                "the journal is damaged: \(frames) of its frames, \(bytes) bytes, are lost: files of which they told are "
                    + "read as new ones, or from where they were before, and lines may come again"
            case .copied:
                "the state directory is a copy, or was restored: its lock file or the machine is not the one that "
                    + "wrote it"
            }
        }
    }

    /// - Throws: `FileError`, and `AgentError` for a file that another program wrote.
    init(in directory: StateDirectory, fileSystem: any FileSystem) throws {
        let path = directory.path.appending("journal")
        let old = directory.path.appending("checkpoints")
        isThere = try fileSystem.exists(path)
        if isThere {
            try read(path, fileSystem)
        } else if try fileSystem.exists(old) {
            try readPredecessor(old, fileSystem)
        }
        if try fileSystem.exists(old) { predecessor = old }
        if distrust == nil, let known = state.anchor, !known.agrees(with: directory.anchor) {
            distrust = .copied(from: known)
        }
        if distrust != nil { state.distrustSequences() }
    }

    private mutating func read(_ path: FilePath, _ fileSystem: any FileSystem) throws {
        let bytes = try fileSystem.readWhole(path, limit: 1 << 30)
        let raw = bytes.rawBytes
        reading = JournalFrames.read(raw)
        for frame in reading.frames {
            var position = frame.lowerBound
            let entries = raw.extracting(0..<frame.upperBound)
            while position < frame.upperBound {
                let start = position
                do throws(JournalEntryError) {
                    state.apply(try JournalEntry(entries, at: &position))
                } catch {
                    throw AgentError("\(path), byte \(start): \(error)")
                }
            }
        }
        if reading.missingFrames > 0 {
            distrust = .damaged(
                bytes: max(reading.damagedBytes, reading.frames.isEmpty ? bytes.count : 0),
                frames: reading.missingFrames, isEmpty: reading.frames.isEmpty)
        }
    }

    /// The file `checkpoints` of the first version: entries one after the other, each with its length (i32), its CRC-32C,
    /// and the kind and payload that they have in the journal. A torn end was not relied upon.
    private mutating func readPredecessor(_ path: FilePath, _ fileSystem: any FileSystem) throws {
        let bytes = try fileSystem.readWhole(path, limit: 1 << 30)
        let raw = bytes.rawBytes
        var position = 0
        while raw.byteCount - position >= 9 {
            let length = Int(raw.bigEndian(Int32.self, at: position))
            guard length >= 1, length <= raw.byteCount - position - 8 else { break }
            let content = raw.extracting(position + 8..<position + 8 + length)
            guard CRC32C.of(content) == raw.bigEndian(UInt32.self, at: position + 4) else { break }
            do throws(JournalEntryError) {
                state.apply(
                    try JournalEntry(kind: content.byte(at: 0), content.extracting(1..<content.byteCount)))
            } catch {
                throw AgentError("\(path), byte \(position): \(error)")
            }
            position += 8 + length
        }
        reading.cutBytes = bytes.count - position
    }
}

extension LoadedJournal {
    /// Says what is not as it should be.
    func tell(_ logger: Logger) {
        if let distrust {
            logger.error(
                "\(distrust); records go on under a fresh producer id, and what was under way is looked up in the cluster before it is sent again",
                metadata: ["batches": "\(state.batches.count)"])
        } else if reading.cutBytes > 0 {
            logger.notice("cut \(reading.cutBytes) bytes of an unfinished write from the journal")
        }
        if predecessor != nil && !isThere { logger.notice("took over the checkpoints of an earlier version") }
    }
}
