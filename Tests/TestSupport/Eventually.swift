internal import Glibc

// A static release build compiles this module too, and has no Testing.
#if canImport(Testing)
    package import Testing

    /// Waits until the condition holds, looking often.
    ///
    /// - Parameter what: the end of a sentence: "waited until …".
    /// - Throws: as `#require` does, at the caller's line, where it does not come to hold; what the condition throws.
    package func eventually(
        _ what: String, within limit: Duration = Patience.standard,
        sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
    ) async throws {
        let holds = try await comesTrue(within: limit, condition)
        try #require(holds, "waited \(limit) until \(what)", sourceLocation: sourceLocation)
    }

    /// As `eventually`, on a thread that may be blocked.
    package func blockUntil(
        _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
    ) throws {
        _ = try firstResult(what, sourceLocation: sourceLocation) { try condition() ? true : nil }
    }

    /// As `blockUntil`, for the first result that is not nil.
    package func firstResult<Result>(
        _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ attempt: () throws -> Result?
    ) throws -> Result {
        var patience = Patience()
        while true {
            if let result = try attempt() { return result }
            let lasts = patience.lasts()
            try #require(lasts, "waited \(patience.limit) until \(what)", sourceLocation: sourceLocation)
            usleep(5000)
        }
    }
#endif

/// Whether the condition comes to hold in time.
package func comesTrue(
    within limit: Duration = Patience.standard, _ condition: () async throws -> Bool
) async throws -> Bool {
    var patience = Patience(limit)
    while try await !condition() {
        guard patience.lasts() else { return false }
        try await Task.sleep(for: .milliseconds(5))
    }
    return true
}

/// How long a test waits for what should come to be: so long that only a broken program outlasts it.
///
/// Tests that compute can hold up all others for minutes, in which neither the program gets on nor anybody looks: so
/// from one look to the next no more than a second counts.
package struct Patience {
    package static let standard = Duration.seconds(120)

    package let limit: Duration
    private var spent = Duration.zero
    private var lastLook = ContinuousClock.now

    package init(_ limit: Duration = standard) { self.limit = limit }

    /// Whether another look is due; asked after each that was in vain.
    package mutating func lasts() -> Bool {
        let now = ContinuousClock.now
        spent += min(now - lastLook, .seconds(1))
        lastLook = now
        return spent < limit
    }
}
