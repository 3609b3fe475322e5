internal import CZlib
internal import FileAccess
internal import Glibc
internal import SystemPackage

/// What a gzip file holds (RFC 1952; members one behind the other are one content).
///
/// It is decompressed forwards. What lies behind `release(before:)` is kept, up to `mostKept` bytes, as are the first
/// 1024 bytes; a read before that decompresses from the beginning again. Until the first read, and after `rest`, it
/// holds next to nothing.
@safe final class GzipContent {
    enum Ending {
        /// Every member is whole, and its checksum right.
        case whole
        /// The file ends in the middle of a member: it is still being written, or was cut.
        case torn
        /// Not gzip from here on, or a checksum is wrong.
        case damaged
    }

    let file: any OpenFile
    /// How it ended at `produced`; nil until then.
    private(set) var ending: Ending?
    /// Decompressed so far.
    private(set) var produced: Int64 = 0
    /// How often it was begun.
    private(set) var passes = 0

    private let mostKept: Int
    private let inflater = Inflater()
    private var input: UnsafeMutableRawBufferPointer
    private var inputStart = 0
    private var inputEnd = 0
    /// In the file, behind what is in `input`.
    private var filePosition: Int64 = 0
    private var isBetweenMembers = false

    private var head: [UInt8] = []
    /// The content from `keptFrom` up to `produced`.
    private var kept: UnsafeMutableRawBufferPointer
    private var keptCount = 0
    private var neededFrom: Int64 = 0

    private static let inputBytes = 64 << 10
    private static let step = 128 << 10

    /// - Parameter mostKept: bytes.
    init(_ file: any OpenFile, mostKept: Int) {
        self.file = file
        self.mostKept = mostKept
        unsafe input = .init(start: nil, count: 0)
        unsafe kept = .init(start: nil, count: 0)
    }

    deinit {
        unsafe input.deallocate()
        unsafe kept.deallocate()
    }

    /// The most memory that one such holds, in bytes: with zlib's window and state, and a second buffer while it grows.
    static func mostMemory(keeping mostKept: Int) -> Int { mostKept + step + inputBytes + 48 << 10 }

    var isActive: Bool { unsafe input.count > 0 }
    private var keptFrom: Int64 { produced - Int64(keptCount) }

    func release(before position: Int64) { neededFrom = max(neededFrom, position) }

    /// Gives the memory back; the next read begins anew.
    func rest() {
        unsafe input.deallocate()
        unsafe input = .init(start: nil, count: 0)
        unsafe kept.deallocate()
        unsafe kept = .init(start: nil, count: 0)
        inflater.end()
        restart()
    }

    /// From the beginning, as after the file changed.
    func restart() {
        inflater.reset()
        ending = nil
        produced = 0
        inputStart = 0
        inputEnd = 0
        filePosition = 0
        isBetweenMembers = false
        head.removeAll()
        keptCount = 0
        neededFrom = 0
    }

    /// Decompresses on towards `position`, `limit` bytes at the most.
    ///
    /// - Returns: whether a read from there goes on at once.
    func advance(to position: Int64, limit: Int) throws(FileError) -> Bool {
        if position < keptFrom { restart() }
        release(before: position)
        let stop = produced + Int64(limit)
        while produced < position && produced < stop && ending == nil { try produce() }
        return produced >= position || ending != nil
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        if position + Int64(bytes.count) <= head.count {
            let part = Int(position)..<Int(position) + bytes.count
            unsafe head.withUnsafeBytes { unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[part])) }
            return bytes.count
        }
        if position < keptFrom { restart() }
        var count = 0
        while true {
            let from = position + Int64(count)
            if from < produced {
                let offset = Int(from - keptFrom)
                let part = min(bytes.count - count, keptCount - offset)
                unsafe memcpy(bytes.baseAddress! + count, kept.baseAddress! + offset, part)
                count += part
            }
            if count == bytes.count || ending != nil { return count }
            try produce(keepingFrom: from)
        }
    }

    // MARK: Decompressing

    /// One step on: some more content, or the ending.
    private func produce(keepingFrom position: Int64 = .max) throws(FileError) {
        try refill()
        if ending != nil { return }
        makeRoom(keepingFrom: min(position, neededFrom))
        let source = unsafe UnsafeRawBufferPointer(rebasing: input[inputStart..<inputEnd])
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: kept[keptCount..<keptCount + Self.step])
        let step = unsafe inflater.step(source, target)
        inputStart += step.taken
        if step.taken > 0 { isBetweenMembers = false }
        if head.count < FileCheckpoint.fingerprintLength && Int64(head.count) == produced {
            unsafe head.append(
                contentsOf: target.prefix(min(step.given, FileCheckpoint.fingerprintLength - head.count)))
        }
        keptCount += step.given
        produced += Int64(step.given)
        switch step.result {
        case .goesOn: break
        case .ended:
            inflater.reset()
            isBetweenMembers = true
        case .damaged: ending = .damaged
        }
    }

    /// Has input at hand, or tells that there is no more.
    private func refill() throws(FileError) {
        if unsafe input.count == 0 {
            unsafe input = .allocate(byteCount: Self.inputBytes, alignment: 16)
            passes += 1
        } else if filePosition == 0 {
            passes += 1
        }
        while true {
            if inputStart == inputEnd {
                inputStart = 0
                inputEnd = try unsafe file.read(into: input, at: filePosition)
                filePosition += Int64(inputEnd)
                if inputEnd == 0 {
                    ending = isBetweenMembers ? .whole : .torn
                    return
                }
            }
            if !isBetweenMembers { return }
            // Padding behind a member, as of tapes, is no member.
            while inputStart < inputEnd, unsafe input[inputStart] == 0 { inputStart += 1 }
            if inputStart < inputEnd { return }
        }
    }

    /// Room for a step: what is not needed is let go of, and of what is too much the oldest.
    private func makeRoom(keepingFrom position: Int64) {
        let needed = Int(clamping: max(0, produced - max(position, keptFrom)))
        let keep = min(needed, mostKept)
        if unsafe keptCount + Self.step <= kept.count { return }
        let size = max(keep + Self.step, min(2 * keep, mostKept) + Self.step)
        if unsafe size > kept.count || kept.count > 4 * size {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
            if keep > 0 { unsafe memcpy(larger.baseAddress!, kept.baseAddress! + keptCount - keep, keep) }
            unsafe kept.deallocate()
            unsafe kept = larger
        } else if keep > 0 {
            unsafe memmove(kept.baseAddress!, kept.baseAddress! + keptCount - keep, keep)
        }
        keptCount = keep
    }
}

/// zlib's inflate, for the gzip format alone.
@safe private final class Inflater {
    enum Result { case goesOn, ended, damaged }

    private var stream: UnsafeMutablePointer<z_stream>?

    deinit { end() }

    func end() {
        if let stream = unsafe stream {
            unsafe inflateEnd(stream)
            unsafe stream.deallocate()
        }
        unsafe stream = nil
    }

    func reset() {
        if let stream = unsafe stream { unsafe inflateReset(stream) }
    }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) -> (taken: Int, given: Int, result: Result) {
        let stream = unsafe started()
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = uInt(input.count)
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = uInt(output.count)
        let status = unsafe inflate(stream, Z_NO_FLUSH)
        let taken = unsafe input.count - Int(stream.pointee.avail_in)
        let given = unsafe output.count - Int(stream.pointee.avail_out)
        switch status {
        case Z_STREAM_END: return (taken, given, .ended)
        case Z_OK, Z_BUF_ERROR: return (taken, given, .goesOn)
        default: return (taken, given, .damaged)
        }
    }

    private func started() -> UnsafeMutablePointer<z_stream> {
        if let stream = unsafe stream { return unsafe stream }
        let new = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe new.initialize(to: z_stream())
        let status = unsafe inflateInit2_(new, 15 + 16, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "inflateInit2 has no memory: \(status)")
        unsafe stream = unsafe new
        return unsafe new
    }
}
