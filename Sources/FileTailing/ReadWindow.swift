internal import FileAccess
internal import Glibc

/// The one buffer that all files are read through, and the part of a file that is in it.
@safe final class ReadWindow {
    /// The file position of the first byte.
    private(set) var base: Int64 = 0
    private(set) var count = 0
    /// The file ended at `end` when it was read.
    private(set) var reachesEnd = false
    private var buffer: UnsafeMutableRawBufferPointer
    private let capacity: Int

    init(capacity: Int) {
        // Room for a guard and a page at the least.
        self.capacity = max(capacity, 8192)
        unsafe buffer = .allocate(byteCount: self.capacity, alignment: 4096)
    }

    deinit {
        unsafe buffer.deallocate()
    }

    var end: Int64 { base + Int64(count) }

    var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count]) }

    func bytes(from start: Int64, to end: Int64) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: buffer[Int(start - base)..<Int(end - base)])
    }

    /// Reads from up to `lookBehind` bytes before `position` to `length` bytes behind it.
    func fill(
        from file: OpenContent, at position: Int64, lookBehind: Int, length: Int
    ) throws(FileError) {
        base = max(0, position - Int64(lookBehind))
        count = 0
        let wanted = Int(position - base) + length
        resize(to: wanted)
        count = try unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: base)
        reachesEnd = count < wanted
    }

    /// Grown while a long line needs it, and no longer.
    private func resize(to wanted: Int) {
        let size = max(wanted, capacity)
        if unsafe size == buffer.count { return }
        unsafe buffer.deallocate()
        unsafe buffer = .allocate(byteCount: size, alignment: 4096)
    }

    /// The position of the first newline from `position`.
    func newline(from position: Int64) -> Int64? {
        let offset = Int(position - base)
        guard offset < count, let found = unsafe memchr(buffer.baseAddress! + offset, 0x0a, count - offset) else {
            return nil
        }
        return base + Int64(unsafe UnsafeRawPointer(found) - UnsafeRawPointer(buffer.baseAddress!))
    }

    /// The position of the first newline from `position`, where a unit begins, in an encoding.
    func newline(from position: Int64, _ encoding: TextEncoding) -> Int64? {
        var from = position
        while let found = newline(from: from) {
            if encoding == .bytes { return found }
            let start = found - (found - position) % 2
            if start + 2 <= end, unsafe encoding.codeUnit(bytes, at: Int(start - base)) == 0x0a { return start }
            from = found + 1
        }
        return nil
    }

    /// The position of the last newline before the end.
    func lastNewline(_ encoding: TextEncoding) -> Int64? {
        if encoding != .bytes {
            var last: Int64?
            var from = base
            while let found = newline(from: from, encoding) {
                last = found
                from = found + 2
            }
            return last
        }
        guard let found = unsafe bytes.lastIndex(of: 0x0a) else { return nil }
        return base + Int64(found)
    }

    /// The position of the first byte from `position` that is no NUL; `end` where there is none.
    func nonNUL(from position: Int64) -> Int64 {
        var offset = Int(position - base)
        while offset < count, unsafe buffer[offset] == 0 { offset += 1 }
        return base + Int64(offset)
    }
}
