package import Primitives
internal import SystemPackage

/// The leader epochs of a partition, each with the offset at which it began, in Kafka's text form:
/// a line "0" for the version, a line with the number of epochs, and a line "epoch start-offset" for each.
///
/// An epoch ends whenever records may have been lost behind what a consumer saw, so that it can notice (KIP-320). The
/// newest `limit` are kept.
package struct LeaderEpochs: Sendable, Equatable {
    package struct Entry: Hashable, Sendable {
        package var epoch: LeaderEpoch
        package var start: Offset
    }

    package private(set) var entries: [Entry] = []

    private static let limit = 1000

    package init() {}

    /// - Returns: nil where the text is not of this form.
    package init?(text: [UInt8]) {
        let lines = text.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        guard lines.count >= 2, lines[0] == "0", Int(lines[1]) == lines.count - 2 else { return nil }
        for line in lines.dropFirst(2) {
            let fields = line.split(separator: " ").map { Int64($0) }
            guard fields.count == 2, let epoch = fields[0], let start = fields[1], (0..<Int64(Int32.max)) ~= epoch,
                SegmentNames.offsets.contains(Offset(start))
            else { return nil }
            begin(LeaderEpoch(Int32(epoch)), at: Offset(start))
        }
    }

    /// The epoch in force; 0 where none was ever noted.
    package var last: LeaderEpoch { entries.last?.epoch ?? LeaderEpoch(0) }

    package mutating func begin(_ epoch: LeaderEpoch, at start: Offset) {
        entries.removeAll { $0.start >= start || $0.epoch >= epoch }
        entries.append(Entry(epoch: epoch, start: start))
        if entries.count > Self.limit { entries.removeFirst() }
    }

    /// The largest epoch up to `epoch` and the offset behind its last record: Kafka's OffsetForLeaderEpoch.
    ///
    /// - Returns: nil for an epoch that has not begun.
    package func end(of epoch: LeaderEpoch, logEnd: Offset) -> (epoch: LeaderEpoch, end: Offset)? {
        guard epoch.value >= 0, epoch <= last else { return nil }
        // Records before the first entry are of epoch 0, or of one no longer kept: the epoch asked for will do.
        let found = entries.last { $0.epoch <= epoch }?.epoch ?? epoch
        return (found, entries.first { $0.epoch > epoch }?.start ?? logEnd)
    }

    package var text: String {
        "0\n\(entries.count)\n" + entries.map { "\($0.epoch.value) \($0.start)\n" }.joined()
    }
}

extension LeaderEpochs {
    static func path(in directory: FilePath) -> FilePath { directory.appending("leader-epoch-checkpoint") }
}
