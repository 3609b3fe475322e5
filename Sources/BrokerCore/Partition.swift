package import CommitLog
package import KafkaProtocol
internal import Primitives
internal import Synchronization

/// A partition as requests see it. Its log is with the storage thread; here is what any thread may touch.
package final class Partition: Sendable {
    package let topic: String
    package let index: Int32
    package let log: LogReader
    package let maximumMessageBytes: Int
    /// Names the log on its storage thread.
    let storageKey: Int
    let storage: StorageThread
    private let waiting = Mutex<[ObjectIdentifier: FetchOperation]>([:])

    init(
        topic: String, index: Int32, log: LogReader, maximumMessageBytes: Int, storageKey: Int, storage: StorageThread
    ) {
        self.topic = topic
        self.index = index
        self.log = log
        self.maximumMessageBytes = maximumMessageBytes
        self.storageKey = storageKey
        self.storage = storage
    }

    /// From now on `operation` is woken when there is more to read.
    func addWaiter(_ operation: FetchOperation) {
        waiting.withLock { $0[ObjectIdentifier(operation)] = operation }
    }

    func removeWaiter(_ operation: FetchOperation) {
        waiting.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(operation)) }
    }

    var waiterCount: Int { waiting.withLock { $0.count } }

    /// The durable end has moved.
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
