internal import NIOCore
internal import Primitives
internal import Synchronization

/// For whoever decides itself which partitions are read: the member of a group.
extension FetchSession {
    /// Begins to read partitions, each from an offset on and, where there is an end, up to that.
    func assign(_ ranges: [TopicPartition: (next: Offset, end: Offset?)]) {
        for (place, range) in ranges {
            lastTurn += 1
            positions[place] = Position(next: range.next, end: range.end, turn: lastTurn)
        }
        start()
        pump()
    }

    /// Ends reading partitions: nothing of them is handed out any more, what was fetched already included.
    func drop(_ places: Set<TopicPartition>) {
        for place in places { positions[place] = nil }
        let before = batches.count
        batches.removeAll { places.contains(TopicPartition(topic: $0.topic, partition: $0.partition)) }
        buffered.wrappingSubtract(before - batches.count, ordering: .relaxed)
        bufferedBytes = batches.reduce(0) { $0 + $1.bytes.readableBytes }
    }

    /// Whoever waits for a batch gets none, and may look around.
    func interrupt() { serve(.success(nil)) }

    /// Whether the sequence ends when all that is assigned has been read to its end.
    func mayEnd(_ may: Bool) {
        isComplete = may
        serveTaker()
    }
}
