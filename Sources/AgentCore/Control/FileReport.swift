internal import FileAccess
internal import FileTailing
internal import KafkaClient
internal import Primitives
internal import SystemPackage

/// A file as it is told to people: what is known of it, and what keeps it from being read, or acknowledged, that is no
/// matter of the file itself.
struct FileReport: Sendable {
    var file: FileDescription
    var obstacle: FileObstacle?

    /// What becomes of it now, or why nothing does.
    var state: String { obstacle.map { "\($0)" } ?? file.state.text }
}

/// Why lines that are there are not read now, or those that were read are not acknowledged.
enum FileObstacle: Sendable, Equatable, CustomStringConvertible {
    case notRunning
    case stopping
    case noJournal
    /// With what was last heard of the topic; nil before anything was.
    case noTopic(String, reason: String?)
    case earlierRun
    case memoryLimit
    case partition(TopicPartition, batches: Int)

    var description: String {
        switch self {
        case .notRunning: "not running: to be read at the next start"
        case .stopping: "not read any more: the agent is stopping"
        case .noJournal: "waits: the journal in state_dir cannot be written"
        case .noTopic(let topic, let reason): "waits for topic \(topic): \(reason ?? "no collector has answered yet")"
        case .earlierRun: "waits to know what the collector has of an earlier run"
        case .memoryLimit: "waits for acknowledgements: memory.limit is used up"
        case .partition(let place, let batches):
            "waits for acknowledgements: \(batches) batches for \(place) are on their way"
        }
    }
}

extension Pipeline {
    var fileReports: [FileReport] {
        let holdsAll = !mayRead
        return tailer.snapshot().map { FileReport(file: $0, obstacle: obstacle(to: $0, holdsAll)) }
    }

    private func obstacle(to file: FileDescription, _ holdsAll: Bool) -> FileObstacle? {
        switch file.state {
        case .waitsForAcknowledgement: return journal.isFailing ? .noJournal : nil
        case .reading, .waitsForCompressed, .waitsForDescriptor, .waitsForEarlier, .waitsForNewline: break
        case .upToDate, .failing, .done, .missing: return nil
        }
        if isStopping != nil { return .stopping }
        guard file.state == .reading else { return nil }
        if journal.isFailing { return .noJournal }
        if let topic = topicOfSource[file.source], partitionCounts[topic] == nil {
            return .noTopic(topic, reason: topicProblems[topic])
        }
        if unresolved[file.id] != nil { return .earlierRun }
        if holdsAll { return .memoryLimit }
        guard let assembler = routes[file.id]?.assembler, isFull(assembler) else { return nil }
        return .partition(assembler.place, batches: assembler.underWay.count)
    }
}

extension FileReport {
    /// Of an agent that does not run.
    init(stopped file: FileDescription) {
        switch file.state {
        case .reading, .waitsForAcknowledgement, .waitsForCompressed, .waitsForDescriptor, .waitsForEarlier,
            .waitsForNewline:
            self.init(file: file, obstacle: .notRunning)
        case .upToDate, .failing, .done, .missing: self.init(file: file, obstacle: nil)
        }
    }

    func json(now: Timestamp) -> JSONValue {
        let lag = file.behindSince.map { max(0, now.milliseconds - $0.milliseconds) / 1000 } ?? 0
        return .object([
            "path": .string(file.path.string), "source": .string(file.source),
            "original_path": .string(file.originalPath.string), "id": .string("\(file.id)"),
            "device": .integer(Int64(truncatingIfNeeded: file.number.device)),
            "inode": .integer(Int64(truncatingIfNeeded: file.number.inode)), "size": .integer(file.size),
            "read": .integer(file.readPosition), "acknowledged": .integer(file.acknowledged),
            "lag_bytes": .integer(file.lagBytes), "lag_bytes_at_least": .boolean(file.isLagLeast),
            "lag_seconds": .integer(lag), "compressed": .boolean(file.isCompressed), "open": .boolean(file.isOpen),
            "placement": .string("\(file.placement)"), "state": .string(state),
            "problem": file.problem.map { .string("\($0)") } ?? .null,
        ])
    }
}

extension FileDescription.State {
    var text: String {
        switch self {
        case .reading: "reading"
        case .upToDate: "up to date"
        case .waitsForNewline: "waits for the end of a line"
        case .waitsForEarlier: "waits for an earlier file of its path"
        case .waitsForCompressed: "waits for other compressed files to be read"
        case .waitsForDescriptor: "waits for other files to be closed"
        case .failing: "cannot be read"
        case .done: "done"
        case .missing: "not to be found"
        case .waitsForAcknowledgement: "waits for acknowledgements"
        }
    }
}
