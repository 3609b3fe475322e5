package import SystemPackage

/// Something wrong in a partition's files, and where.
package struct LogProblem: Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable, CaseIterable {
        /// The last segment ends in an unfinished write. The collector cuts it when it starts.
        case tornTail = "torn-tail"
        /// Bytes in the middle of the log that are no batch any more.
        case damage
        /// Offsets that no batch has, and no quarantined file explains.
        case gap
        case index
        case timeIndex = "time-index"
        case snapshot
        case recoveryPoint = "recovery-point"
        case leaderEpochs = "leader-epochs"
        case logStart = "log-start"
        case segmentManifest = "segment-manifest"
        case cleanerCheckpoint = "cleaner-checkpoint"
        /// A compaction was interrupted. The collector finishes it when it starts.
        case unfinishedCompaction = "unfinished-compaction"
    }

    package var kind: Kind
    package var path: FilePath
    package var position: Int64?
    package var message: String

    package var description: String {
        "\(kind.rawValue): \(path)\(position.map { ", byte \($0)" } ?? ""): \(message)"
    }
}
