package import FileAccess
package import Primitives
package import RecordBatches
package import SystemPackage

/// Why a partition could not do what was asked.
package enum LogError: Error, Sendable, CustomStringConvertible {
    /// The file system refused.
    case file(FileError)
    /// Stored bytes are not the batch they should be.
    case damaged(FilePath, position: Int64, BatchError)
    /// A file of the log has a content that cannot be.
    case malformed(FilePath, String)
    /// An offset before the log's start or beyond its end.
    case offsetOutOfRange(Offset, available: Range<Int64>)
    /// An earlier failure left the partition's state on disk unknown: it takes no appends until it is opened anew.
    case offline(FilePath)
    /// The batch alone is larger than a segment may be.
    case largerThanSegment(bytes: Int)

    package var description: String {
        switch self {
        case .file(let error): error.description
        case .damaged(let path, let position, let error): "\(path), byte \(position): \(error)"
        case .malformed(let path, let what): "\(path): \(what)"
        case .offsetOutOfRange(let offset, let available):
            "offset \(offset) is not in \(available.lowerBound)...\(available.upperBound)"
        case .offline(let path): "\(path): takes no appends since a write to disk failed; restart to open it anew"
        case .largerThanSegment(let bytes): "a batch of \(bytes) bytes does not fit a segment"
        }
    }

    /// Nothing failed: it cannot be had without waiting for the disk.
    package var needsWaiting: Bool {
        if case .file(let error) = self { error.needsWaiting } else { false }
    }

    package var isOutOfSpace: Bool {
        if case .file(let error) = self { error.isOutOfSpace } else { false }
    }
}

extension Timestamp {
    init(_ time: FileTime) {
        self.init(milliseconds: time.seconds * 1000 + time.nanoseconds / 1_000_000)
    }
}

/// Runs file calls, with their errors as the log's own.
func withFiles<Result: ~Copyable>(_ body: () throws(FileError) -> Result) throws(LogError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        throw .file(error)
    }
}
