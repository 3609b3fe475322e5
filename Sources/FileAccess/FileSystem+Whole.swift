package import SystemPackage

extension ReadableFile {
    /// Up to `count` bytes from `position`; fewer only at the end of the file.
    package func read(_ count: Int, at position: Int64) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try unsafe bytes.withUnsafeMutableBufferPointer { (bytes) throws(FileError) -> Int in
            try unsafe read(into: UnsafeMutableRawBufferPointer(bytes), at: position)
        }
        bytes.removeLast(count - got)
        return bytes
    }
}

extension FileSystem {
    /// The whole of a file, in reads of growing size: works for files of /proc and /sys, which report no size.
    ///
    /// - Parameter limit: the most bytes to take; a longer file is cut there.
    package func readWhole(_ path: FilePath, limit: Int = 1 << 20) throws(FileError) -> [UInt8] {
        let file = try open(path, .read)
        var whole: [UInt8] = []
        var step = 4096
        while whole.count < limit {
            let part = try file.read(min(step, limit - whole.count), at: Int64(whole.count))
            if part.isEmpty { break }
            whole += part
            step = min(step * 2, 1 << 18)
        }
        return whole
    }

    /// Replaces a file's content so that after a crash either the old or the new content is there, whole: written
    /// beside it under `<name>.tmp`, synced, renamed, and the directory synced. Durable on return.
    package func replace(_ path: FilePath, with content: RawSpan) throws(FileError) {
        try replace(path) { (file) throws(FileError) in try file.write(content, at: 0) }
    }

    /// The same, of content that `write` puts into the empty file.
    package func replace(_ path: FilePath, _ write: (any OpenFile) throws(FileError) -> Void) throws(FileError) {
        let temporary = path.removingLastComponent().appending((path.lastComponent?.string ?? "") + ".tmp")
        let file = try open(temporary, .replace)
        try write(file)
        try file.synchronizeData()
        try rename(temporary, to: path)
        try synchronizeDirectory(path.removingLastComponent())
    }

    package func exists(_ path: FilePath) throws(FileError) -> Bool {
        do throws(FileError) {
            _ = try status(of: path, followingLinks: true)
            return true
        } catch {
            if error.isNotFound { return false }
            throw error
        }
    }
}
