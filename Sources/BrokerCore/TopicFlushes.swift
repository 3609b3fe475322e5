internal import Primitives

/// What logs have appended without an fdatasync, where their topics have limits of their own for it (`flush.messages`,
/// `flush.ms`). Under the flush policy `commit` there is never any.
struct TopicFlushes {
    private struct Unflushed {
        var messages: Int64
        var limit: Int64
        /// When it has to be flushed.
        var due: Int64
    }

    private var logs: [Int: Unflushed] = [:]

    mutating func appended(_ messages: Int64, to key: Int, settings: TopicSettings, now: Timestamp) {
        guard settings.flushMessages != .max || settings.flushMilliseconds != .max else { return }
        let (due, overflows) = now.milliseconds.addingReportingOverflow(settings.flushMilliseconds)
        var unflushed = logs[key] ?? Unflushed(messages: 0, limit: 0, due: overflows ? .max : due)
        unflushed.messages += messages
        unflushed.limit = settings.flushMessages
        logs[key] = unflushed
    }

    func isFull(_ key: Int) -> Bool { logs[key].map { $0.messages >= $0.limit } ?? false }

    mutating func flushed(_ key: Int) { logs[key] = nil }

    /// Milliseconds until a log has to be flushed; nil where none has to.
    func wait(at now: Timestamp) -> Int64? {
        guard let due = logs.values.map(\.due).min(), due != .max else { return nil }
        return max(0, due - now.milliseconds)
    }

    /// The logs whose time is up; they count as flushed.
    mutating func takeDue(at now: Timestamp) -> [Int] {
        if logs.isEmpty { return [] }
        let due = logs.filter { $0.value.due <= now.milliseconds }.map(\.key)
        for key in due { logs[key] = nil }
        return due
    }
}
