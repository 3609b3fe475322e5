/// What became of the input of one source, since the agent was started.
///
/// The law, for records: read = delivered + filtered + dead-lettered + dropped + in flight. For bytes the same, with those
/// skipped on top. What was in flight when the agent was stopped is read, and counted, again.
package struct SourceLedger: Sendable, Equatable {
    /// Lines, or samples; and the bytes that they were made of, newlines included.
    var read = RecordShare()
    var delivered = RecordShare()
    var filtered = RecordShare()
    var deadLettered = RecordShare()
    /// Given up because a spool was full, or could not be written.
    var dropped = RecordShare()
    /// NULs, and what else is passed over in files.
    var bytesSkipped: Int64 = 0
    /// Bytes that were truncated or deleted before they were read.
    var bytesTruncatedUnread: Int64 = 0
    var bytesDeletedUnread: Int64 = 0

    var settled: RecordShare { delivered + filtered + deadLettered + dropped }

    /// By how much the law does not hold.
    func imbalance(inFlight: RecordShare) -> RecordShare {
        var left = read - settled - inFlight
        left.bytes -= bytesSkipped
        return left
    }
}

/// The ledgers of all sources, and how much of each is in flight.
struct Ledger: Sendable {
    private(set) var sources: [String: SourceLedger] = [:]
    /// How often the law was found not to hold.
    private(set) var violations = 0

    mutating func change(_ source: String, _ body: (inout SourceLedger) -> Void) {
        body(&sources[source, default: SourceLedger()])
    }

    /// Checks the law for each source.
    ///
    /// - Returns: those for which it does not hold.
    mutating func check(inFlight: [String: RecordShare]) -> [(source: String, imbalance: RecordShare)] {
        var broken: [(String, RecordShare)] = []
        for (name, ledger) in sources {
            let imbalance = ledger.imbalance(inFlight: inFlight[name] ?? RecordShare())
            if imbalance != RecordShare() { broken.append((name, imbalance)) }
        }
        violations += broken.count
        return broken
    }
}
