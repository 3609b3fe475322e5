internal import FileAccess
internal import SystemPackage

// Lines longer than a window, and runs of NULs: what was looked at once is not looked at again as the file grows.

extension Tailer {
    enum Scan {
        /// The line ends here, or is known to be too long.
        case line(end: Int64, isTerminated: Bool)
        case wait
        case turnOver
        /// The file shrank: read it as usual, which will tell.
        case shrunk
    }

    /// Looks for the end of the line at the read position behind what was looked at before.
    func scan(_ file: TailedFile, _ descriptor: OpenContent, limit: Int) throws(FileError) -> Scan {
        let settings = settings(of: file)
        var taken = 0
        while taken < limit {
            if settings.longLines == .split, file.scannedTo - file.readPosition > Int64(settings.maximumLineBytes) {
                return .line(end: file.scannedTo, isTerminated: false)
            }
            let encoding = file.encoding ?? .bytes
            file.scannedTo -= (file.scannedTo - file.readPosition) % Int64(encoding.unit)
            try window.fill(from: descriptor, at: file.scannedTo, lookBehind: 0, length: limits.readBufferBytes)
            if let newline = window.newline(from: file.scannedTo, encoding) {
                file.scannedTo = newline
                return .line(end: newline + Int64(encoding.unit), isTerminated: true)
            }
            if window.count == 0, try descriptor.end() < file.scannedTo {
                file.scannedTo = file.readPosition
                return .shrunk
            }
            taken += window.count
            file.scannedTo = window.end
            file.largestSize = max(file.largestSize, window.end)
            if window.reachesEnd {
                let isTooLong =
                    settings.longLines == .split
                    && file.scannedTo - file.readPosition > Int64(settings.maximumLineBytes)
                return isFinal(file) || isTooLong ? .line(end: file.scannedTo, isTerminated: false) : .wait
            }
        }
        return .turnOver
    }

    /// Looks for the end of the NULs at the read position, over holes without reading them.
    ///
    /// - Returns: whether the turn is over.
    func skipNULs(
        _ file: TailedFile, _ descriptor: OpenContent, _ limit: Int, _ outcome: inout ReadOutcome
    ) throws(FileError) -> Bool {
        var taken = 0
        while taken < limit {
            guard let data = try descriptor.nextData(from: file.nulsTo) else {
                return try endOfNULs(file, descriptor, at: try descriptor.end(), &outcome)
            }
            let from = max(file.nulsTo, data)
            try window.fill(
                from: descriptor, at: from, lookBehind: ContentGuard.maximumLength, length: limits.readBufferBytes)
            if window.end < from {
                return try endOfNULs(file, descriptor, at: window.end, &outcome)
            }
            var found = window.nonNUL(from: from)
            if found < window.end {
                found -= (found - file.readPosition) % Int64(file.encoding?.unit ?? 1)
                try skip(file, descriptor, to: found, &outcome)
                return false
            }
            taken += window.count
            file.nulsTo = window.end
            if window.reachesEnd { return try endOfNULs(file, descriptor, at: window.end, &outcome) }
        }
        return true
    }

    private func endOfNULs(
        _ file: TailedFile, _ descriptor: OpenContent, at size: Int64, _ outcome: inout ReadOutcome
    ) throws(FileError) -> Bool {
        let shrank = size < file.nulsTo
        file.nulsTo = file.readPosition
        if shrank { return false }
        if isFinal(file) { try skip(file, descriptor, to: size, &outcome) }
        outcome.end = .atEnd
        return true
    }

    private func skip(
        _ file: TailedFile, _ descriptor: OpenContent, to position: Int64, _ outcome: inout ReadOutcome
    ) throws(FileError) {
        let count = position - file.readPosition
        counters.bytesRead += count
        counters.nulBytesSkipped += count
        outcome.bytes += count
        file.largestSize = max(file.largestSize, position)
        try advance(file, descriptor, to: position)
    }

    /// Looks for a byte order mark. Without one the source says what the text is.
    ///
    /// - Returns: whether the encoding is known; otherwise there is too little of the file yet.
    func findEncoding(of file: TailedFile, _ descriptor: OpenContent) throws(FileError) -> Bool {
        if file.encoding != nil { return true }
        try window.fill(from: descriptor, at: 0, lookBehind: 0, length: 4)
        let first = unsafe window.bytes.first ?? 0xff
        // It may be half a mark.
        if window.count < 2 && first >= 0xfe && file.readPosition == 0 && !isFinal(file) { return false }
        file.encoding = unsafe TextEncoding(byteOrderMark: window.bytes) ?? sources[file.source].encoding
        return true
    }

    /// Where a file that is there at the very first start begins: behind its last complete line.
    func skipToEnd(_ file: TailedFile, size: Int64) {
        if file.isCompressed {
            // As if it had been read: what it holds is complete.
            file.isComplete = true
            file.size = size
            return
        }
        guard let descriptor = descriptor(of: file) else {
            file.readPosition = size
            file.committed = size
            file.scannedTo = size
            file.nulsTo = size
            return
        }
        var end = size
        var position: Int64 = 0
        // A "line" of more than that is begun in the middle rather than searched for for ever.
        let earliest = max(0, size - 64 << 20)
        if earliest > 0 { position = size }
        do throws(FileError) {
            _ = try findEncoding(of: file, descriptor)
            let encoding = file.encoding ?? .bytes
            if encoding != .bytes { end -= end % 2 }
            while end > earliest {
                let start = max(earliest, end - Int64(limits.readBufferBytes & ~1))
                try window.fill(from: descriptor, at: start, lookBehind: 0, length: Int(end - start))
                if let newline = window.lastNewline(encoding) {
                    position = newline + Int64(encoding.unit)
                    break
                }
                end = start
            }
            try advance(file, descriptor, to: position)
        } catch {
            fail(file, error)
            file.readPosition = position
        }
        file.committed = position
        file.committedGuard = file.readGuard ?? .none
        file.marks.removeAll()
    }
}
