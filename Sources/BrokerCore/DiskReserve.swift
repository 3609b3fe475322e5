internal import FileAccess
internal import Primitives
internal import SystemPackage

/// Keeps the disk from being filled to its end: one storage thread's view of how much is free.
///
/// The file system is asked at most once a second; between, what this thread appends is taken off. It is checked before
/// the append so that there is always room for what has to be written beside records; a disk that fills up in spite of it
/// (others write too) shows in the append's own error.
struct DiskReserve {
    private let path: FilePath
    private let minimum: Int64
    private var free = Int64.max
    private var asked: Timestamp?

    init(_ path: FilePath, minimum: Int64) {
        self.path = path
        self.minimum = minimum
    }

    /// Takes note of an append to come.
    ///
    /// - Returns: why it must not be; nil where there is room.
    mutating func shortage(for bytes: Int, now: Timestamp, in fileSystem: any FileSystem) -> String? {
        if minimum <= 0 { return nil }
        let elapsed = asked.map { now.milliseconds - $0.milliseconds } ?? .max
        // A clock that was set back must not stop the questions.
        if elapsed >= 1000 || elapsed < 0 {
            asked = now
            // A file system that does not say is written to until it refuses.
            free = (try? fileSystem.space(at: path)).map { Int64(clamping: $0.available) } ?? .max
        }
        guard free - Int64(bytes) >= minimum else {
            return "the collector's disk is nearly full: \(free) bytes are free, and min.free.bytes is \(minimum)"
        }
        if free != .max { free -= Int64(bytes) }
        return nil
    }

    /// Space was freed: the next append asks anew.
    mutating func lookAgain() { asked = nil }
}
