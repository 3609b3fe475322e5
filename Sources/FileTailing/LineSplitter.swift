internal import Glibc
internal import Primitives

/// Cuts one window into lines. It decides by the bytes alone: it reads nothing and keeps nothing of the file.
struct LineSplitter {
    enum End {
        case limit, stopped
        /// What is left has no newline yet.
        case incomplete
        /// What is left are NULs, and what follows them is not in the window.
        case nuls
    }

    let window: ReadWindow
    let settings: TailSource
    let encoding: TextEncoding
    /// The most bytes of the file that go into one line; of UTF-16 so many that they are no more as UTF-8.
    private let maximum: Int
    /// What the window ends with is the end of a final file.
    let isFinal: Bool
    /// Where the line at the beginning ends, where that is known to be outside of the window; and whether by a newline.
    let longLineEnd: (end: Int64, isTerminated: Bool)?

    /// Up to here everything was handed out or skipped.
    private(set) var position: Int64
    private(set) var lineStart: Int64?
    private(set) var end = End.limit
    private(set) var lines = 0
    private(set) var lineBytes: Int64 = 0
    private(set) var nulBytes: Int64 = 0
    private(set) var longLines: Int64 = 0
    private(set) var invalidSequences: Int64 = 0
    private(set) var wasUnterminated = false
    /// Where lines with fragments begin and end; nil as a beginning for the one that began before the window.
    private(set) var fragmented: [(start: Int64?, end: Int64?)] = []

    /// Shorter runs of NULs in the middle of a file are taken for content.
    private static let shortestNULRun: Int64 = 16

    init(
        window: ReadWindow, settings: TailSource, encoding: TextEncoding = .bytes, position: Int64, lineStart: Int64?,
        isFinal: Bool,
        longLineEnd: (end: Int64, isTerminated: Bool)?
    ) {
        self.window = window
        self.settings = settings
        self.encoding = encoding
        maximum = encoding == .bytes ? settings.maximumLineBytes : settings.maximumLineBytes * 2 / 3 & ~1
        self.position = position
        self.lineStart = lineStart
        self.isFinal = isFinal
        self.longLineEnd = longLineEnd
    }

    mutating func run(limit: Int, _ body: (RawSpan, LineInfo) -> Bool) {
        if encoding != .bytes { return runWide(limit: limit, body) }
        let bytes = unsafe window.bytes
        let base = window.base
        let stop = position + Int64(limit)
        while position < window.end {
            if position >= stop { return }
            let cursor = Int(position - base)
            if lineStart == nil, unsafe bytes[cursor] == 0, skipNULs() { continue }
            if end == .nuls { return }
            let rest = bytes.count - cursor
            let start = unsafe bytes.baseAddress! + cursor
            let found = unsafe memchr(start, 0x0a, rest)
            let length = unsafe found.map { unsafe UnsafeRawPointer($0) - start } ?? rest
            if unsafe found != nil && length <= maximum && lineStart == nil {
                guard hand(length, upTo: position + Int64(length) + 1, .whole, body) else { return }
            } else {
                guard takePart(length, isTerminated: unsafe found != nil, body) else { return }
            }
        }
    }

    /// The same for UTF-16.
    private mutating func runWide(limit: Int, _ body: (RawSpan, LineInfo) -> Bool) {
        let stop = position + Int64(limit)
        while position < window.end {
            if position >= stop { return }
            if lineStart == nil, window.nonNUL(from: position) - position >= Self.shortestNULRun, skipNULs() {
                continue
            }
            if end == .nuls { return }
            let newline = window.newline(from: position, encoding)
            let length = Int((newline ?? window.end) - position)
            if newline != nil && length <= maximum && lineStart == nil {
                guard hand(length, upTo: position + Int64(length) + 2, .whole, body) else { return }
            } else {
                guard takePart(length, isTerminated: newline != nil, body) else { return }
            }
        }
    }

    /// Skips NULs at the beginning of a line, which a writer leaves that goes on at its old position after a
    /// truncation. NULs at the end of what is there may be overwritten yet, and wait.
    private mutating func skipNULs() -> Bool {
        var next = window.nonNUL(from: position)
        if position > 0 && next - position < Self.shortestNULRun { return false }
        if next == window.end && !isFinal {
            end = .nuls
            return false
        }
        // The first NUL of "\0A" is half of a character.
        next -= (next - position) % Int64(encoding.unit)
        nulBytes += next - position
        position = next
        return true
    }

    /// A line that is too long, or incomplete, or begun before.
    private mutating func takePart(
        _ length: Int, isTerminated: Bool, _ body: (RawSpan, LineInfo) -> Bool
    ) -> Bool {
        switch settings.longLines {
        case .split:
            if length > maximum { return takeFragment(body) }
        case .truncate:
            // A fragment that was handed out under another setting is not gone back on.
            lineStart = nil
            if length > maximum { return takeTruncated(length, isTerminated: isTerminated, body) }
        }
        guard isTerminated || isFinal else {
            end = .incomplete
            return false
        }
        let next = position + Int64(length) + Int64(isTerminated ? encoding.unit : 0)
        guard let start = lineStart else {
            return hand(length, upTo: next, .whole, isUnterminated: !isTerminated, body)
        }
        let index = fragmentIndex(since: start)
        lineStart = nil
        if fragmented.isEmpty {
            fragmented.append((nil, next))
        } else {
            fragmented[fragmented.count - 1].end = next
        }
        return hand(length, upTo: next, .lastFragment(index), isUnterminated: !isTerminated, body)
    }

    private mutating func takeFragment(_ body: (RawSpan, LineInfo) -> Bool) -> Bool {
        let next = fragmentEnd(since: lineStart ?? position)
        let length = Int(next - position)
        guard let start = lineStart else {
            longLines += 1
            lineStart = position
            fragmented.append((position, nil))
            return hand(length, upTo: next, .firstFragment, body)
        }
        return hand(length, upTo: next, .middleFragment(fragmentIndex(since: start)), body)
    }

    /// A fragment ends at a multiple of the limit, or one unit before it, where a surrogate pair would be cut.
    private func fragmentEnd(since start: Int64) -> Int64 {
        let end = start + Int64(fragmentIndex(since: start) + 1) * Int64(maximum)
        if encoding == .bytes { return end }
        let last = unsafe encoding.codeUnit(window.bytes, at: Int(end - 2 - window.base))
        return last & 0xfc00 == 0xd800 ? end - 2 : end
    }

    private func fragmentIndex(since start: Int64) -> Int {
        Int((position - start + Int64(encoding.unit == 2 ? 2 : 0)) / Int64(maximum))
    }

    private mutating func takeTruncated(
        _ length: Int, isTerminated: Bool, _ body: (RawSpan, LineInfo) -> Bool
    ) -> Bool {
        var next = position + Int64(length) + Int64(isTerminated ? encoding.unit : 0)
        var isTerminated = isTerminated
        if !isTerminated && !isFinal {
            guard let longLineEnd, longLineEnd.end >= next else {
                end = .incomplete
                return false
            }
            next = longLineEnd.end
            isTerminated = longLineEnd.isTerminated
        }
        longLines += 1
        let original = next - position - Int64(isTerminated ? encoding.unit : 0)
        return hand(
            Int(fragmentEnd(since: position) - position), upTo: next, .truncated(originalLength: original),
            isUnterminated: !isTerminated, isTerminated: isTerminated, body)
    }

    @inline(__always)
    private mutating func hand(
        _ length: Int, upTo next: Int64, _ part: LineInfo.Part, isUnterminated: Bool = false,
        isTerminated: Bool? = nil, _ body: (RawSpan, LineInfo) -> Bool
    ) -> Bool {
        let info = LineInfo(start: position, end: next, part: part, isUnterminated: isUnterminated)
        let bytes = unsafe window.bytes(from: position, to: position + Int64(length))
        let goesOn = unsafe encoding == .bytes ? body(RawSpan(_unsafeBytes: bytes), info) : decode(bytes, info, body)
        lines += 1
        // With its newline; what lies between of a truncated line is cut.
        lineBytes += min(Int64(length) + Int64(isTerminated == false ? 0 : encoding.unit), next - position)
        if isUnterminated { wasUnterminated = true }
        position = next
        if !goesOn { end = .stopped }
        return goesOn
    }

    private mutating func decode(
        _ bytes: UnsafeRawBufferPointer, _ info: LineInfo, _ body: (RawSpan, LineInfo) -> Bool
    ) -> Bool {
        var bytes = unsafe bytes
        if unsafe info.start == 0 && TextEncoding(byteOrderMark: bytes) != nil {
            unsafe bytes = UnsafeRawBufferPointer(rebasing: bytes[2...])
        }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        invalidSequences += unsafe encoding.decode(bytes, into: &text)
        return body(text.rawBytes, info)
    }
}
