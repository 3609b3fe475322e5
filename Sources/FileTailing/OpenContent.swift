internal import FileAccess

/// What is read of an open file: its bytes as they are, or what a compressed file holds. Positions are those of the
/// content.
indirect enum OpenContent {
    case plain(any OpenFile)
    case gzip(GzipContent)
    /// It seems to end earlier than it does.
    case part(OpenContent, end: Int64)

    /// - Returns: how many bytes were read; fewer than asked for only where the content ends.
    func read(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        switch self {
        case .plain(let file): try unsafe file.read(into: bytes, at: position)
        case .gzip(let content): try unsafe content.read(into: bytes, at: position)
        case .part(let content, let end):
            try unsafe content.read(
                into: UnsafeMutableRawBufferPointer(
                    rebasing: bytes[..<min(bytes.count, Int(clamping: max(0, end - position)))]), at: position)
        }
    }

    /// Of the file as it lies on disk: the size is not the content's where it is compressed.
    func status() throws(FileError) -> FileStatus {
        switch self {
        case .plain(let file): try file.status()
        case .gzip(let content): try content.file.status()
        case .part(let content, _): try content.status()
        }
    }

    /// Where the content ends now; `Int64.max` where only reading to its end would tell.
    func end() throws(FileError) -> Int64 {
        switch self {
        case .plain(let file): try file.status().size
        case .gzip(let content): content.ending == nil ? .max : content.produced
        case .part(let content, let end): min(end, try content.end())
        }
    }

    /// Where data begins at or after `position`, past a hole; nil where only a hole follows.
    func nextData(from position: Int64) throws(FileError) -> Int64? {
        switch self {
        case .plain(let file): return try file.nextData(from: position)
        case .gzip: return position
        case .part(let content, let end):
            guard position < end, let next = try content.nextData(from: position), next < end else { return nil }
            return next
        }
    }

    /// What lies before `position` will hardly be read again.
    func release(before position: Int64) {
        switch self {
        case .plain: break
        case .gzip(let content): content.release(before: position)
        case .part(let content, _): content.release(before: position)
        }
    }
}
