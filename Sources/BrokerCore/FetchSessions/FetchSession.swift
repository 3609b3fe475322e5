internal import KafkaProtocol
internal import NIOCore
internal import Primitives
internal import Synchronization

/// What a consumer reads, kept between its fetches, so that a fetch need only say what has changed, and its answer only
/// what is new (KIP-227).
///
/// Partitions are looked at in the order in which the session has them, and one that gave records goes to the end: so a
/// busy one does not keep the others out of answers that are full.
final class FetchSession: Sendable {
    /// What a request asks about one partition.
    struct Item: Sendable {
        var key: Key
        var asked: FetchRequest.Partition
    }

    struct Key: Hashable, Sendable {
        /// Up to version 12.
        var name: String
        /// From version 13.
        var id: TopicID
        var partition: Int32
    }

    private struct Entry {
        var asked: FetchRequest.Partition
        /// As told last; -1 where it has to be told.
        var highWatermark: Offset
        var logStartOffset: Offset
    }

    private struct State {
        var epoch: Int32 = 1
        var entries: [Key: Entry] = [:]
        var order: [Key] = []
    }

    let id: Int32
    /// Whether it names topics by id: it cannot change from one to the other.
    let usesIDs: Bool
    let createdMilliseconds: Int64
    private let state: Mutex<State>

    /// Begins with a fetch that named all of its partitions, and what it was answered.
    init(
        id: Int32, usesIDs: Bool, createdMilliseconds: Int64, _ answered: [(Item, FetchResponse.Partition)]
    ) {
        self.id = id
        self.usesIDs = usesIDs
        self.createdMilliseconds = createdMilliseconds
        var state = State()
        for (item, partition) in answered {
            if state.entries[item.key] == nil { state.order.append(item.key) }
            state.entries[item.key] = Entry(
                asked: item.asked, highWatermark: partition.highWatermark, logStartOffset: partition.logStartOffset)
        }
        self.state = Mutex(state)
    }

    var count: Int { state.withLock { $0.order.count } }

    /// Takes the next request of the session.
    ///
    /// - Returns: the epoch that the session then has, and everything that is to be read; or what is wrong with it.
    func take(
        _ request: FetchRequest, _ items: [Item], forgotten: [Key], usesIDs: Bool
    ) -> Result<(epoch: Int32, items: [Item]), FetchSessionRefusal> {
        state.withLock { state in
            guard request.sessionEpoch == state.epoch else {
                return .failure(FetchSessionRefusal(code: .invalidFetchSessionEpoch))
            }
            guard usesIDs == self.usesIDs else { return .failure(FetchSessionRefusal(code: .fetchSessionTopicIDError)) }
            for item in items {
                if state.entries[item.key] == nil { state.order.append(item.key) }
                var entry =
                    state.entries[item.key]
                    ?? Entry(asked: item.asked, highWatermark: Offset(-1), logStartOffset: Offset(-1))
                entry.asked = item.asked
                state.entries[item.key] = entry
            }
            for key in forgotten { state.entries[key] = nil }
            if !forgotten.isEmpty { state.order.removeAll { state.entries[$0] == nil } }
            state.epoch = Self.next(state.epoch)
            let all = state.order.compactMap { key in state.entries[key].map { Item(key: key, asked: $0.asked) } }
            return .success((state.epoch, all))
        }
    }

    /// Leaves out of an answer what its consumer knows already, and notes what it is told.
    ///
    /// - Parameter epoch: as `take` returned it.
    /// - Returns: nil where another request came in between.
    func tell(
        _ answers: [(Item, FetchResponse.Partition)], epoch: Int32
    ) -> [(Item, FetchResponse.Partition)]? {
        state.withLock { state in
            guard state.epoch == epoch else { return nil }
            var told: [(Item, FetchResponse.Partition)] = []
            var withRecords: Set<Key> = []
            for (item, partition) in answers {
                guard var entry = state.entries[item.key] else { continue }
                let hasRecords = (partition.records?.readableBytes ?? 0) > 0
                let isNews =
                    hasRecords || partition.errorCode != .none || entry.highWatermark != partition.highWatermark
                    || entry.logStartOffset != partition.logStartOffset
                guard isNews else { continue }
                // After an error the partition is told again, whatever it says.
                entry.highWatermark = partition.errorCode == .none ? partition.highWatermark : Offset(-1)
                entry.logStartOffset = partition.logStartOffset
                state.entries[item.key] = entry
                told.append((item, partition))
                if hasRecords { withRecords.insert(item.key) }
            }
            if !withRecords.isEmpty {
                state.order =
                    state.order.filter { !withRecords.contains($0) } + state.order.filter { withRecords.contains($0) }
            }
            return told
        }
    }

    func isAt(_ epoch: Int32) -> Bool { state.withLock { $0.epoch == epoch } }

    private static func next(_ epoch: Int32) -> Int32 { epoch == .max ? 1 : epoch + 1 }
}

/// Why a request is not of a session.
struct FetchSessionRefusal: Error {
    var code: ErrorCode
}
