internal import KafkaClient
internal import Logging

/// Follows one topic: waits until it is there, and tells of more partitions when it grows.
///
/// New files use the partitions that were told last. Files that have one keep it.
struct TopicWatch: Sendable {
    /// While the topic is not there.
    static let shortPause = Duration.milliseconds(500)
    /// How old the number of partitions may be: Kafka's default of `metadata.max.age.ms`.
    static let longPause = Duration.seconds(300)

    /// Asks the cluster how many partitions a topic has; where it has none, and creation is allowed, it is to be made.
    let count: @Sendable (_ topic: String, _ allowCreation: Bool) async throws(KafkaClientError) -> Int
    /// Returns after so long, or throws to end the watch.
    let pause: @Sendable (Duration) async throws -> Void
    let tell: @Sendable (_ topic: String, _ partitions: Int) -> Void
    /// Told why the topic is not known yet, when that is another reason than before.
    var tellProblem: @Sendable (_ topic: String, _ reason: String) -> Void = { _, _ in }
    let logger: Logger

    /// Runs until its task is cancelled, or `pause` throws.
    func run(_ topic: String) async {
        var known = 0
        var isTold = false
        var problem: String?
        func note(_ reason: String) {
            if known > 0 || reason == problem { return }
            problem = reason
            tellProblem(topic, reason)
        }
        while !Task.isCancelled {
            do throws(KafkaClientError) {
                // Once it was there, it is somebody's decision that it no longer is; what is sent there asks for it again.
                let now = try await count(topic, known == 0)
                if now > 0 && now != known {
                    if isTold && known == 0 { logger.notice("topic \(topic) is there") }
                    if known > 0 { logger.notice("topic \(topic) has \(now) partitions now, after \(known)") }
                    known = now
                    tell(topic, now)
                }
                if now == 0 { note("the collector does not have it yet") }
            } catch {
                if !Task.isCancelled { note("\(error)") }
                if !isTold && known == 0 && !Task.isCancelled {
                    isTold = true
                    logger.warning("waiting for topic \(topic): \(error)")
                }
            }
            do { try await pause(known == 0 ? Self.shortPause : Self.longPause) } catch { return }
        }
    }
}
