internal import FileTailing
internal import Primitives

/// What is said of bytes that went before they could be read. Many files may go at once, as when a directory is removed:
/// the first are told one by one, and of the others, once they are some seconds together, how many there were.
struct LossTelling: Sendable {
    /// Told one by one.
    static let each = 5
    /// From the first on; after it the others are told as a sum, and it begins anew.
    static let period = Duration.seconds(10)

    private struct Kind: Hashable {
        var source: String
        var reason: String
    }

    private var since: ContinuousClock.Instant?
    private var told = 0
    private var sums: [Kind: (files: Int, bytes: Int64)] = [:]

    /// - Returns: what is to be said at once; nil where it goes into a sum.
    mutating func take(_ retired: RetiredFile, at now: ContinuousClock.Instant) -> String? {
        if since == nil { since = now }
        let reason = retired.reason.text
        if told < Self.each {
            told += 1
            return "\(retired.path) (source \(retired.source)): \(retired.bytesLost) bytes went before they could be "
                + "read: the file was \(reason)"
        }
        let kind = Kind(source: retired.source, reason: reason)
        let sum = sums[kind] ?? (0, 0)
        sums[kind] = (sum.files + 1, sum.bytes + retired.bytesLost)
        return nil
    }

    /// - Returns: what is to be said of all others, once the period is over.
    mutating func takeSums(at now: ContinuousClock.Instant, force: Bool = false) -> [String] {
        guard let since, force || now - since >= Self.period else { return [] }
        defer { self = LossTelling() }
        return sums.sorted { ($0.key.source, $0.key.reason) < ($1.key.source, $1.key.reason) }.map { kind, sum in
            "source \(kind.source): \(sum.files) more files were \(kind.reason), and \(sum.bytes) bytes of them went "
                + "before they could be read"
        }
    }
}

extension RetiredFile.Reason {
    /// Follows "was".
    fileprivate var text: String {
        switch self {
        case .finished, .lost: "deleted"
        case .truncated: "truncated or overwritten"
        case .damaged: "compressed, and is damaged"
        case .sought: "read from elsewhere"
        }
    }
}
