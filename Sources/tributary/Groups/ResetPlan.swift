internal import KafkaClient
internal import KafkaProtocol
internal import Primitives

/// Where a group's offsets are to go.
enum ResetTarget: Equatable {
    case earliest
    case latest
    case offset(Int64)
    /// The first record that is not older.
    case time(Timestamp)
    case shift(Int64)
}

/// What a reset changes, partition by partition.
struct ResetPlan {
    struct Change: Equatable {
        var place: TopicPartition
        /// nil: nothing is committed.
        var old: Offset?
        var new: Offset
        /// The new offset would lie outside of the log, and was moved to its end or beginning.
        var isBounded = false
    }

    var changes: [Change]

    /// - Parameter found: for a target in time, the offsets that belong to it; nothing where no record is as late.
    init(
        _ target: ResetTarget, _ places: [TopicPartition], committed: [TopicPartition: Offset],
        first: [TopicPartition: Offset], end: [TopicPartition: Offset], found: [TopicPartition: Offset] = [:]
    ) throws(Complaint) {
        changes = []
        for place in places {
            guard let first = first[place], let end = end[place] else {
                throw Complaint("\(place) has no leader that knows its offsets: try again later")
            }
            let wanted: Int64
            switch target {
            case .earliest: wanted = first.value
            case .latest: wanted = end.value
            case .offset(let offset): wanted = offset
            case .time: wanted = (found[place] ?? end).value
            case .shift(let count):
                guard let old = committed[place] else {
                    throw Complaint("nothing is committed for \(place), so there is nothing to shift")
                }
                let (sum, overflow) = old.value.addingReportingOverflow(count)
                wanted = overflow ? (count < 0 ? first.value : end.value) : sum
            }
            let new = min(max(wanted, first.value), end.value)
            changes.append(
                Change(place: place, old: committed[place], new: Offset(new), isBounded: new != wanted))
        }
    }

    func text(of group: String, executed: Bool) -> String {
        var table = Table(["TOPIC", "PARTITION", "OLD", "NEW", "NOTE"])
        for change in changes {
            table.add([
                change.place.topic, "\(change.place.partition)", change.old.map { "\($0)" } ?? "-", "\(change.new)",
                change.isBounded ? "the log has no such offset" : "",
            ])
        }
        let last = executed ? "done: group '\(group)' is reset" : "nothing is changed: --execute does it"
        return table.text + last + "\n"
    }

    func write(of group: String, executed: Bool, to text: inout JSONText) {
        text.object { text in
            text.member("group", group)
            text.member("executed", executed)
            text.key("partitions")
            text.array(changes) { text, change in
                text.object { text in
                    text.member("topic", change.place.topic)
                    text.member("partition", change.place.partition)
                    text.member("old_offset", change.old?.value)
                    text.member("new_offset", change.new.value)
                    text.member("bounded", change.isBounded)
                }
            }
        }
    }
}

/// A topic, or some partitions of one: `logs`, `logs:0,2`.
struct PartitionSelection: Equatable {
    var topic: String
    /// nil: all.
    var partitions: [Int32]?

    init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else {
            guard !text.isEmpty else { return nil }
            topic = text
            return
        }
        topic = String(text[..<colon])
        let numbers = text[text.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false)
        let partitions = numbers.compactMap { Int32($0) }.filter { $0 >= 0 }
        guard !topic.isEmpty, partitions.count == numbers.count else { return nil }
        self.partitions = partitions
    }
}
