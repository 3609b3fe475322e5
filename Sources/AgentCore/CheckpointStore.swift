internal import FileAccess
internal import FileTailing
internal import Primitives
internal import SystemPackage

/// How far each file is acknowledged, on disk.
///
/// One file, `checkpoints`, that is appended to, and written anew when most of it is out of date. Entries, big-endian:
///
///     4  length of what follows the checksum
///     4  CRC-32C of what follows
///     1  kind: 1 a file, 2 a file that is done with, 3 a source that was started, 4 a file's partition
///     …  1: a FileCheckpoint as it encodes itself    2: 16 bytes of file id    3: the source's name
///        4: 16 bytes of file id, 4 of partition, the topic's name
///
/// The last entry of a file counts. A torn or damaged end is cut off: it was not synced, so what it says had not been
/// relied upon; the lines between are read, and sent, again.
final class CheckpointStore {
    struct Placement: Hashable {
        var topic: String
        var partition: Int32
    }

    private(set) var files: [TailedFileID: FileCheckpoint] = [:]
    private(set) var placements: [TailedFileID: Placement] = [:]
    private(set) var sources: Set<String> = []
    /// Bytes of a torn end that were cut off when it was opened.
    private(set) var cutBytes: Int64 = 0

    private let path: FilePath
    private let fileSystem: any FileSystem
    private let lock: any OpenFile
    private var file: any OpenFile
    private var end: Int64 = 0
    private var pending: [UInt8] = []
    private var sizeWhenWritten: Int64 = 0

    private enum Kind: UInt8 {
        case file = 1
        case retired = 2
        case source = 3
        case placement = 4
    }

    /// - Throws: also where another agent uses the directory.
    init(in directory: FilePath, fileSystem: any FileSystem) throws {
        self.fileSystem = fileSystem
        path = directory.appending("checkpoints")
        try fileSystem.createDirectories(directory)
        lock = try fileSystem.open(directory.appending(".lock"), .create)
        guard try lock.tryLock() else { throw AgentError("\(directory) is in use by another agent") }
        file = try fileSystem.open(path, .create)
        try fileSystem.synchronizeDirectory(directory)
        try load()
    }

    // MARK: Changes, durable after `commit`

    func put(_ checkpoint: FileCheckpoint) {
        files[checkpoint.id] = checkpoint
        add(.file, checkpoint.encoded())
    }

    func retire(_ id: TailedFileID) {
        files[id] = nil
        placements[id] = nil
        add(.retired, bytes(of: id))
    }

    func start(source: String) {
        if sources.insert(source).inserted { add(.source, Array(source.utf8)) }
    }

    func place(_ id: TailedFileID, _ placement: Placement) {
        placements[id] = placement
        add(.placement, encoded(placement, of: id))
    }

    var hasChanges: Bool { !pending.isEmpty }

    /// Makes the changes since the last call durable.
    func commit() throws(FileError) {
        if pending.isEmpty { return }
        if end + Int64(pending.count) > max(1 << 20, sizeWhenWritten * 4) { return try writeAnew() }
        let bytes = pending
        try file.write(bytes.rawBytes, at: end)
        try file.synchronizeData()
        end += Int64(bytes.count)
        pending = []
    }

    /// Everything that counts, without what is out of date.
    private var snapshot: [UInt8] {
        var bytes: [UInt8] = []
        for source in sources { bytes += entry(.source, Array(source.utf8)) }
        for checkpoint in files.values { bytes += entry(.file, checkpoint.encoded()) }
        for (id, placement) in placements where files[id] != nil {
            bytes += entry(.placement, encoded(placement, of: id))
        }
        return bytes
    }

    private func writeAnew() throws(FileError) {
        let bytes = snapshot
        try fileSystem.replace(path, with: bytes.rawBytes)
        file = try fileSystem.open(path, .update)
        end = Int64(bytes.count)
        sizeWhenWritten = end
        pending = []
    }

    private func add(_ kind: Kind, _ payload: [UInt8]) { pending += entry(kind, payload) }

    private func entry(_ kind: Kind, _ payload: [UInt8]) -> [UInt8] {
        let content = [kind.rawValue] + payload
        var entry: [UInt8] = []
        entry.appendBigEndian(Int32(content.count))
        entry.appendBigEndian(CRC32C.of(content.rawBytes))
        return entry + content
    }

    private func encoded(_ placement: Placement, of id: TailedFileID) -> [UInt8] {
        var payload = bytes(of: id)
        payload.appendBigEndian(placement.partition)
        payload += Array(placement.topic.utf8)
        return payload
    }

    private func bytes(of id: TailedFileID) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(id.high)
        bytes.appendBigEndian(id.low)
        return bytes
    }

    // MARK: Opening

    private func load() throws {
        let bytes = try fileSystem.readWhole(path, limit: 1 << 30)
        let raw = bytes.rawBytes
        var position = 0
        while raw.byteCount - position >= 9 {
            let length = Int(raw.bigEndian(Int32.self, at: position))
            guard length >= 1, length <= raw.byteCount - position - 8 else { break }
            let content = raw.extracting(position + 8..<position + 8 + length)
            guard CRC32C.of(content) == raw.bigEndian(UInt32.self, at: position + 4) else { break }
            try take(content, at: position)
            position += 8 + length
        }
        end = Int64(position)
        // Not the file's own size, or it could grow fourfold with every start.
        sizeWhenWritten = Int64(snapshot.count)
        cutBytes = Int64(bytes.count - position)
        if cutBytes > 0 { try file.truncate(to: end) }
    }

    private func take(_ content: RawSpan, at position: Int) throws {
        let payload = content.extracting(1..<content.byteCount)
        switch Kind(rawValue: content.byte(at: 0)) {
        case .file:
            do throws(CheckpointError) {
                let checkpoint = try FileCheckpoint(decoding: content.extracting(1..<content.byteCount))
                files[checkpoint.id] = checkpoint
            } catch {
                throw AgentError("\(path), byte \(position): \(error)")
            }
        case .retired where payload.byteCount == 16:
            files[id(payload)] = nil
            placements[id(payload)] = nil
        case .source:
            sources.insert(text(payload))
        case .placement where payload.byteCount > 20:
            placements[id(payload)] = Placement(
                topic: text(payload.extracting(20..<payload.byteCount)),
                partition: payload.bigEndian(Int32.self, at: 16))
        case .retired, .placement, nil:
            throw AgentError(
                "\(path), byte \(position): an entry of kind \(content.byte(at: 0)), which this program does not know; "
                    + "use the program that wrote it")
        }
    }

    private func id(_ payload: RawSpan) -> TailedFileID {
        TailedFileID(high: payload.bigEndian(UInt64.self, at: 0), low: payload.bigEndian(UInt64.self, at: 8))
    }

    private func text(_ bytes: RawSpan) -> String { String(decoding: Array(bytes), as: UTF8.self) }
}
