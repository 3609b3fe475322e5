internal import Glibc

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
    private(set) var wasUnterminated = false
    /// Where lines with fragments begin and end; nil as a beginning for the one that began before the window.
    private(set) var fragmented: [(start: Int64?, end: Int64?)] = []

    /// Shorter runs of NULs in the middle of a file are taken for content.
    private static let shortestNULRun: Int64 = 16

    init(
        window: ReadWindow, settings: TailSource, position: Int64, lineStart: Int64?, isFinal: Bool,
        longLineEnd: (end: Int64, isTerminated: Bool)?
    ) {
        self.window = window
        self.settings = settings
        self.position = position
        self.lineStart = lineStart
        self.isFinal = isFinal
        self.longLineEnd = longLineEnd
    }

    mutating func run(limit: Int, _ body: (RawSpan, LineInfo) -> Bool) {
        let bytes = unsafe window.bytes
        let base = window.base
        let maximum = settings.maximumLineBytes
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

    /// Skips NULs at the beginning of a line, which a writer leaves that goes on at its old position after a
    /// truncation. NULs at the end of what is there may be overwritten yet, and wait.
    private mutating func skipNULs() -> Bool {
        let next = window.nonNUL(from: position)
        if position > 0 && next - position < Self.shortestNULRun { return false }
        if next == window.end && !isFinal {
            end = .nuls
            return false
        }
        nulBytes += next - position
        position = next
        return true
    }

    /// A line that is too long, or incomplete, or begun before.
    private mutating func takePart(
        _ length: Int, isTerminated: Bool, _ body: (RawSpan, LineInfo) -> Bool
    ) -> Bool {
        let maximum = settings.maximumLineBytes
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
        let next = position + Int64(length) + (isTerminated ? 1 : 0)
        guard let start = lineStart else {
            return hand(length, upTo: next, .whole, isUnterminated: !isTerminated, body)
        }
        let index = Int((position - start) / Int64(maximum))
        lineStart = nil
        if fragmented.isEmpty {
            fragmented.append((nil, next))
        } else {
            fragmented[fragmented.count - 1].end = next
        }
        return hand(length, upTo: next, .lastFragment(index), isUnterminated: !isTerminated, body)
    }

    private mutating func takeFragment(_ body: (RawSpan, LineInfo) -> Bool) -> Bool {
        let maximum = settings.maximumLineBytes
        let next = position + Int64(maximum)
        guard let start = lineStart else {
            longLines += 1
            lineStart = position
            fragmented.append((position, nil))
            return hand(maximum, upTo: next, .firstFragment, body)
        }
        return hand(maximum, upTo: next, .middleFragment(Int((position - start) / Int64(maximum))), body)
    }

    private mutating func takeTruncated(
        _ length: Int, isTerminated: Bool, _ body: (RawSpan, LineInfo) -> Bool
    ) -> Bool {
        var next = position + Int64(length) + (isTerminated ? 1 : 0)
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
        let original = next - position - (isTerminated ? 1 : 0)
        return hand(
            settings.maximumLineBytes, upTo: next, .truncated(originalLength: original),
            isUnterminated: !isTerminated, isTerminated: isTerminated, body)
    }

    @inline(__always)
    private mutating func hand(
        _ length: Int, upTo next: Int64, _ part: LineInfo.Part, isUnterminated: Bool = false,
        isTerminated: Bool? = nil, _ body: (RawSpan, LineInfo) -> Bool
    ) -> Bool {
        let info = LineInfo(start: position, end: next, part: part, isUnterminated: isUnterminated)
        let goesOn = unsafe body(
            RawSpan(_unsafeBytes: window.bytes(from: position, to: position + Int64(length))), info)
        lines += 1
        // With its newline; what lies between of a truncated line is cut.
        lineBytes += min(Int64(length) + (isTerminated == false ? 0 : 1), next - position)
        if isUnterminated { wasUnterminated = true }
        position = next
        if !goesOn { end = .stopped }
        return goesOn
    }
}
