package import Primitives

/// The leader epochs of a partition, each with the offset at which it began, in Kafka's text form:
/// a line "0" for the version, a line with the number of epochs, and a line "epoch start-offset" for each.
package struct LeaderEpochs: Sendable, Equatable {
    package private(set) var entries: [(epoch: LeaderEpoch, start: Offset)] = []

    package static func == (left: LeaderEpochs, right: LeaderEpochs) -> Bool { left.text == right.text }

    /// What cannot be read is left out: an epoch lost costs consumers a hint, no record.
    package init(text: [UInt8]) {
        for line in text.split(separator: UInt8(ascii: "\n")).dropFirst(2) {
            let fields = line.split(separator: UInt8(ascii: " ")).map { Int64(String(decoding: $0, as: UTF8.self)) }
            guard fields.count == 2, let epoch = fields[0], let start = fields[1], epoch >= 0, epoch <= Int32.max,
                start >= 0
            else { continue }
            begin(LeaderEpoch(Int32(epoch)), at: Offset(start))
        }
    }

    /// The epoch in force; 0 where none was ever noted.
    package var last: LeaderEpoch { entries.last?.epoch ?? LeaderEpoch(0) }

    package mutating func begin(_ epoch: LeaderEpoch, at start: Offset) {
        entries.removeAll { $0.start >= start || $0.epoch >= epoch }
        entries.append((epoch, start))
    }

    package var text: String {
        "0\n\(entries.count)\n" + entries.map { "\($0.epoch.value) \($0.start)\n" }.joined()
    }
}
