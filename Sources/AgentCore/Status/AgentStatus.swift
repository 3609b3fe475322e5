internal import FileTailing
internal import Primitives

/// How an agent is, at one moment between two turns of its pipeline: so the law of `SourceLedger` holds in it.
struct AgentStatus: Sendable {
    struct Source: Sendable {
        var name: String
        var ledger: SourceLedger
        var inFlight: RecordShare
    }

    /// In the order of their names: those of the configuration, and those that were in it.
    var sources: [Source]
    var counters: PipelineCounters
    var tailed: TailCounters
    var files: TailState
    /// Bytes of records between reading and acknowledgement, and the most of them.
    var bytesHeld: Int
    var bytesLimit: Int
    var batchesInFlight: Int
    var deadLettersDropped: Int64
    var started: Timestamp
    var usage: ProcessUsage
}

extension Pipeline {
    /// To be asked for between two steps of a turn. Costs a look at each batch under way and each pinned file.
    var status: AgentStatus {
        let inFlight = inFlight
        var ledgers = ledger.sources
        for source in configuration.sources where ledgers[source.name] == nil {
            ledgers[source.name] = SourceLedger()
        }
        return AgentStatus(
            sources: ledgers.sorted { $0.key < $1.key }.map {
                AgentStatus.Source(name: $0.key, ledger: $0.value, inFlight: inFlight[$0.key] ?? RecordShare())
            },
            counters: counters, tailed: tailer.counters, files: tailer.state, bytesHeld: bytesHeld,
            bytesLimit: configuration.memoryLimit,
            batchesInFlight: shipments.values.reduce(0) { $0 + ($1.isAnswered ? 0 : 1) },
            deadLettersDropped: deadLetters.dropped, started: started, usage: ProcessUsage(fileSystem))
    }
}

extension AgentStatus {
    /// One object for each source, and one for the agent.
    func json(now: Timestamp) -> [JSONValue] {
        sources.map(\.json) + [
            .object([
                "agent": .object([
                    "uptime_seconds": .integer((now.milliseconds - started.milliseconds) / 1000),
                    "files": .integer(Int64(files.files)), "files_open": .integer(Int64(files.openFiles)),
                    "files_waiting": .integer(Int64(files.filesWaiting)),
                    "files_pinned": .integer(Int64(files.pinnedFiles)), "pinned_bytes": .integer(files.pinnedBytes),
                    "buffers_used": .integer(Int64(bytesHeld)), "buffers_limit": .integer(Int64(bytesLimit)),
                    "batches_in_flight": .integer(Int64(batchesInFlight)),
                    "records_may_be_doubled": .integer(counters.recordsMayBeDoubled),
                    "records_lost_by_broker": .integer(counters.recordsLostByBroker),
                    "state_dir_made_anew": .integer(counters.stateDirectoriesMadeAnew),
                    "records_lost": .integer(counters.recordsLost),
                    "records_taken_back": .integer(counters.recordsTakenBack),
                    "memory_bytes": .integer(usage.residentBytes),
                    "cpu_milliseconds": .integer(usage.cpuTime / .milliseconds(1)),
                ])
            ])
        ]
    }
}

extension AgentStatus.Source {
    fileprivate var json: JSONValue {
        let left = ledger.imbalance(inFlight: inFlight)
        return .object([
            "source": .string(name),
            "read": ledger.read.json, "delivered": ledger.delivered.json, "filtered": ledger.filtered.json,
            "dead_lettered": ledger.deadLettered.json, "dropped": ledger.dropped.json, "in_flight": inFlight.json,
            "skipped_bytes": .integer(ledger.bytesSkipped),
            "truncated_unread_bytes": .integer(ledger.bytesTruncatedUnread),
            "deleted_unread_bytes": .integer(ledger.bytesDeletedUnread), "unaccounted": left.json,
        ])
    }
}

extension RecordShare {
    fileprivate var json: JSONValue { .object(["records": .integer(Int64(records)), "bytes": .integer(bytes)]) }
}

extension Duration {
    fileprivate static func / (left: Duration, right: Duration) -> Int64 {
        let ratio: Double = left / right
        return Int64(ratio)
    }
}
