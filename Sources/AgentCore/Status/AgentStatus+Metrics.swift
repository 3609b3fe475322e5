internal import FileTailing
internal import HostMetrics
internal import Primitives

extension AgentStatus {
    /// All of it as numbers, for a sample of metrics and for the status port.
    func figures(now: Timestamp) -> [OwnFigure] {
        sources.flatMap(\.figures) + fileFigures + batchFigures + [
            OwnFigure(AgentMetrics.uptime, Double(now.milliseconds - started.milliseconds) / 1000),
            OwnFigure(AgentMetrics.cpuTime, usage.cpuTime / .seconds(1)),
            OwnFigure(AgentMetrics.memoryUsage, usage.residentBytes),
        ]
    }

    private var fileFigures: [OwnFigure] {
        [
            OwnFigure(AgentMetrics.files, Int64(files.files)),
            OwnFigure(AgentMetrics.filesOpen, Int64(files.openFiles)),
            OwnFigure(AgentMetrics.filesWaiting, Int64(files.filesWaiting)),
            OwnFigure(AgentMetrics.filesPinned, Int64(files.pinnedFiles)),
            OwnFigure(AgentMetrics.pinnedBytes, files.pinnedBytes),
            OwnFigure(AgentMetrics.pinnedAge, files.oldestPinned / .seconds(1)),
            OwnFigure(AgentMetrics.fileErrors, tailed.errors),
            OwnFigure(AgentMetrics.longLines, tailed.longLines),
        ]
    }

    private var batchFigures: [OwnFigure] {
        func resumed(_ count: Int64, _ outcome: String) -> OwnFigure {
            OwnFigure(AgentMetrics.batchesResumed, count, [MetricAttribute("tributary.outcome", outcome)])
        }
        return [
            OwnFigure(AgentMetrics.buffersUsed, Int64(bytesHeld)),
            OwnFigure(AgentMetrics.buffersLimit, Int64(bytesLimit)),
            OwnFigure(AgentMetrics.batchesInFlight, Int64(batchesInFlight)),
            resumed(counters.batchesRebuilt, "rebuilt"), resumed(counters.batchesNotRebuilt, "missing"),
            resumed(counters.batchesLost, "lost"),
            OwnFigure(AgentMetrics.mayBeDoubled, counters.recordsMayBeDoubled),
            OwnFigure(AgentMetrics.lostByBroker, counters.recordsLostByBroker),
            OwnFigure(AgentMetrics.deadLettersDropped, deadLettersDropped),
        ]
    }
}

extension AgentStatus.Source {
    fileprivate var figures: [OwnFigure] {
        let source = MetricAttribute("tributary.source", name)
        func reason(_ word: String) -> [MetricAttribute] { [source, MetricAttribute("tributary.reason", word)] }
        let left = ledger.imbalance(inFlight: inFlight)
        var figures = [
            OwnFigure(AgentMetrics.readRecords, Int64(ledger.read.records), [source]),
            OwnFigure(AgentMetrics.readBytes, ledger.read.bytes, [source]),
            OwnFigure(AgentMetrics.inFlightRecords, Int64(inFlight.records), [source]),
            OwnFigure(AgentMetrics.inFlightBytes, inFlight.bytes, [source]),
            OwnFigure(AgentMetrics.skippedBytes, ledger.bytesSkipped, [source]),
            OwnFigure(AgentMetrics.unreadBytes, ledger.bytesTruncatedUnread, reason("truncated")),
            OwnFigure(AgentMetrics.unreadBytes, ledger.bytesDeletedUnread, reason("deleted")),
            OwnFigure(AgentMetrics.unaccountedRecords, Int64(left.records), [source]),
            OwnFigure(AgentMetrics.unaccountedBytes, left.bytes, [source]),
        ]
        let outcomes = [
            ("delivered", ledger.delivered), ("filtered", ledger.filtered), ("dead_lettered", ledger.deadLettered),
            ("dropped", ledger.dropped),
        ]
        for (word, share) in outcomes {
            let attributes = [source, MetricAttribute("tributary.outcome", word)]
            figures.append(OwnFigure(AgentMetrics.doneRecords, Int64(share.records), attributes))
            figures.append(OwnFigure(AgentMetrics.doneBytes, share.bytes, attributes))
        }
        return figures
    }
}
