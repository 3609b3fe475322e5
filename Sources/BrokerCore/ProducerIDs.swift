internal import FileAccess
internal import Primitives
internal import SystemPackage

/// Gives producer ids away, each once, over restarts too.
///
/// Ids are reserved on disk in blocks before any of a block is given away. The first is random and high: after a data
/// directory was wiped, an agent that still has an old id must not meet a new one of the same number.
struct ProducerIDs {
    private static let blockSize: Int64 = 1000

    private var next: Int64
    private var reserved: Int64
    private let path: FilePath
    private let fileSystem: any FileSystem

    init(in directory: FilePath, fileSystem: any FileSystem) throws {
        path = directory.appending("producer-ids")
        self.fileSystem = fileSystem
        if try fileSystem.exists(path) {
            let text = String(decoding: try fileSystem.readWhole(path), as: UTF8.self)
            guard let first = text.split(separator: "\n").first.flatMap({ Int64($0) }),
                (0...Int64.max - 2 * Self.blockSize).contains(first)
            else {
                throw DataDirectoryError(
                    "\(path): not a producer id: \"\(text.prefix(100))\"; restore the file from a backup")
            }
            next = first
        } else {
            next = .random(in: 1 << 40..<1 << 61)
        }
        reserved = next
    }

    mutating func take() throws(FileError) -> ProducerID {
        if next == reserved {
            let text = Array("\(next + Self.blockSize)\n".utf8)
            try fileSystem.replace(path, with: text.rawBytes)
            reserved = next + Self.blockSize
        }
        defer { next += 1 }
        return ProducerID(next)
    }
}
