package import CommitLog
package import KafkaProtocol
internal import Primitives
internal import Synchronization

/// A partition as requests see it. Its log is with the storage thread; here is what any thread may touch.
package final class Partition: Sendable {
    package let topic: String
    package let index: Int32
    package let log: LogReader
    /// Names the log on its storage thread.
    let storageKey: Int
    let storage: StorageThread
    private let current: Mutex<(settings: TopicSettings, isDeleted: Bool)>
    private let waiting = Mutex<[ObjectIdentifier: FetchOperation]>([:])

    init(
        topic: String, index: Int32, log: LogReader, settings: TopicSettings, storageKey: Int, storage: StorageThread
    ) {
        self.topic = topic
        self.index = index
        self.log = log
        current = Mutex((settings, false))
        self.storageKey = storageKey
        self.storage = storage
    }

    /// What is in force now.
    package var settings: TopicSettings {
        current.withLock { $0.settings }
    }

    func update(_ settings: TopicSettings) { current.withLock { $0.settings = settings } }

    /// Why its log could not be opened: it is offline, alone, until the collector is started anew.
    package var failure: LogError? { log.failure }

    package var maximumMessageBytes: Int { settings.maximumMessageBytes }

    /// Whether its topic was deleted. Who still holds it finds nothing in it.
    var isDeleted: Bool { current.withLock { $0.isDeleted } }

    func markDeleted() {
        current.withLock { $0.isDeleted = true }
        endMoved()
    }

    /// From now on `operation` is woken when there is more to read.
    func addWaiter(_ operation: FetchOperation) {
        waiting.withLock { $0[ObjectIdentifier(operation)] = operation }
    }

    func removeWaiter(_ operation: FetchOperation) {
        waiting.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(operation)) }
    }

    var waiterCount: Int { waiting.withLock { $0.count } }

    /// The durable end has moved, or something else happened that who waits must see.
    func endMoved() {
        let operations = waiting.withLock { Array($0.values) }
        for operation in operations { operation.wake() }
    }
}

package struct Topic: Sendable {
    package let name: String
    package let id: TopicID
    package let partitions: [Partition]
}
