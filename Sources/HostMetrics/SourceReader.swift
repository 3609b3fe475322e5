package import FileAccess
internal import Glibc
package import SystemPackage

/// The size of a page, in which the kernel counts some memory.
let pageSize = Int64(sysconf(CInt(_SC_PAGESIZE)))

/// Reads small files below the root path into one buffer that is used again.
package struct SourceReader: Sendable {
    /// No file that is read whole is longer than this on any machine; what is longer is not what it should be.
    static let limit = 4 << 20

    private let fileSystem: any FileSystem
    let root: FilePath
    /// What is kept of the buffer after a long file (`/proc/net/tcp` of a machine with thousands of connections): who
    /// holds a text has the next read copy all of the buffer.
    private static let kept = 64 << 10

    private var buffer = [UInt8](repeating: 0, count: 16 << 10)

    /// The buffer's size in bytes.
    package var bytesHeld: Int { buffer.count }

    package init(_ fileSystem: any FileSystem, root: FilePath) {
        self.fileSystem = fileSystem
        self.root = root
    }

    /// - Parameter path: below the root, without a slash at its start.
    package mutating func read(_ path: String) throws(MetricSourceError) -> SourceText {
        try read(whole: self.path(path))
    }

    func path(_ path: String) -> FilePath { root.appending(path) }

    /// The names in a directory, sorted so that the order of points does not change from sample to sample.
    func list(_ path: String, _ isWanted: (DirectoryEntry) -> Bool) throws(MetricSourceError) -> [String] {
        do throws(FileError) {
            return try fileSystem.list(self.path(path)).filter(isWanted).map(\.name.string).sorted()
        } catch {
            throw MetricSourceError(error)
        }
    }

    /// The numbers of the processes there are.
    func processes() throws(MetricSourceError) -> [String] {
        let directory = path("proc")
        do throws(FileError) {
            return try fileSystem.list(directory).map(\.name.string).filter { $0.utf8.allSatisfy { 48...57 ~= $0 } }
        } catch {
            throw MetricSourceError(error)
        }
    }

    /// How many names a directory has; nil where it cannot be read.
    func count(_ path: String) -> Int64? {
        (try? fileSystem.list(self.path(path))).map { Int64($0.count) }
    }

    private mutating func read(whole path: FilePath) throws(MetricSourceError) -> SourceText {
        do throws(FileError) {
            let file = try fileSystem.open(path, .read)
            var count = 0
            if buffer.count > Self.kept { buffer = [UInt8](repeating: 0, count: Self.kept) }
            while count < Self.limit {
                if count == buffer.count { buffer += [UInt8](repeating: 0, count: buffer.count) }
                let got = try unsafe buffer.withUnsafeMutableBufferPointer { (buffer) throws(FileError) -> Int in
                    try unsafe file.read(
                        into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...]),
                        at: Int64(count))
                }
                count += got
                if count < buffer.count { return SourceText(buffer: buffer, count: count, path: path) }
            }
        } catch {
            throw MetricSourceError(error)
        }
        throw MetricSourceError(path: path, problem: .tooLong(limit: Self.limit))
    }
}
