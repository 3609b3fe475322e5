internal import Synchronization

/// The topics that are to be found, or made, each told once: those of the configuration at the start, and those that a
/// new one adds.
final class RequestedTopics: Sendable {
    let topics: AsyncStream<String>
    private let requests: AsyncStream<String>.Continuation
    private let known = Mutex<Set<String>>([])

    init(_ first: Set<String>) {
        (topics, requests) = AsyncStream.makeStream()
        request(first)
    }

    func request(_ topics: Set<String>) {
        let new = known.withLock { known in
            defer { known.formUnion(topics) }
            return topics.subtracting(known)
        }
        for topic in new { requests.yield(topic) }
    }
}
