/// Where a line lies in its file, and what part of it this is.
package struct LineInfo: Sendable, Equatable {
    package enum Part: Sendable, Equatable {
        case whole
        /// Fragments of a line longer than the limit, by their index from 0.
        case firstFragment
        case middleFragment(Int)
        case lastFragment(Int)
        /// The beginning of a longer line, of so many bytes without its newline.
        case truncated(originalLength: Int64)
    }

    package var start: Int64
    /// Behind the newline: acknowledging up to here acknowledges the line.
    package var end: Int64
    package var part: Part
    /// The last line of a final file, that ends without a newline.
    package var isUnterminated: Bool

    package init(start: Int64, end: Int64, part: Part, isUnterminated: Bool) {
        self.start = start
        self.end = end
        self.part = part
        self.isUnterminated = isUnterminated
    }
}

/// What came of one turn at a file.
package struct ReadOutcome: Sendable {
    package enum End: Sendable, Equatable {
        /// There may be more to read: the file's turn comes again.
        case more
        /// At the end of what is there; an incomplete line may wait behind it.
        case atEnd
        /// `body` wanted no more.
        case stopped
        /// The file was truncated or overwritten; its content goes on under a new id.
        case replaced
        /// Cannot be read now; it is tried again.
        case failed
        /// Not known, or nothing is left of it.
        case gone
    }

    /// Bytes that the read position moved on by.
    package var bytes: Int64 = 0
    package var lines = 0
    package var end = End.more
}
