/// What the agent tells about itself, together with its samples of the host and on its status port: the law *read =
/// delivered + filtered + dead-lettered + dropped + in flight*, per source, and how the agent is. Nothing per file.
///
/// The numbers are the agent's (`OwnFigure`); the declarations stand here, so that the table of all metrics has them.
package enum AgentMetrics {
    private static let source = "(the agent)"

    package static let readRecords = Metric(
        "tributary.agent.read.records", .counter, unit: "{record}",
        "Lines and samples that were read, since the agent started.", source: source)
    package static let readBytes = Metric(
        "tributary.agent.read.bytes", .counter, unit: "By", "Bytes that were read, newlines included.", source: source)
    package static let doneRecords = Metric(
        "tributary.agent.done.records", .counter, unit: "{record}",
        "What became of the records that were read: delivered, filtered, dead_lettered, or dropped from a full spool.",
        source: source)
    package static let doneBytes = Metric(
        "tributary.agent.done.bytes", .counter, unit: "By", "As the records, in bytes read.", source: source)
    package static let inFlightRecords = Metric(
        "tributary.agent.in_flight.records", .upDownCounter, unit: "{record}",
        "Records that were read, and are not known to be stored yet.", source: source)
    package static let inFlightBytes = Metric(
        "tributary.agent.in_flight.bytes", .upDownCounter, unit: "By", "As the records, in bytes read.",
        source: source)
    package static let skippedBytes = Metric(
        "tributary.agent.skipped.bytes", .counter, unit: "By",
        "Bytes that belong to no record: NULs of holes, what a limit cut off.", source: source)
    package static let unreadBytes = Metric(
        "tributary.agent.unread.bytes", .counter, unit: "By",
        "Bytes that were truncated away, or deleted, before they could be read: lost.", source: source)
    package static let unaccountedRecords = Metric(
        "tributary.agent.unaccounted.records", .gauge, unit: "{record}",
        "Read - done - in flight; anything but 0 is a fault of the agent.", source: source)
    package static let unaccountedBytes = Metric(
        "tributary.agent.unaccounted.bytes", .gauge, unit: "By",
        "Read - done - in flight - skipped; anything but 0 is a fault of the agent.", source: source)

    package static let files = Metric(
        "tributary.agent.files.known", .upDownCounter, unit: "{file}", "Files that are followed.", source: source)
    package static let filesOpen = Metric(
        "tributary.agent.files.open", .upDownCounter, unit: "{file}", "Files that are held open.", source: source)
    package static let filesWaiting = Metric(
        "tributary.agent.files.waiting", .upDownCounter, unit: "{file}",
        "Files that are not followed because files.limit is reached.", source: source)
    package static let filesPinned = Metric(
        "tributary.agent.files.pinned", .upDownCounter, unit: "{file}",
        "Rotated and deleted files with something that is not read, or not acknowledged.", source: source)
    package static let pinnedBytes = Metric(
        "tributary.agent.files.pinned.bytes", .upDownCounter, unit: "By", "What of them is not read.", source: source)
    package static let pinnedAge = Metric(
        "tributary.agent.files.pinned.age", .gauge, unit: "s", "How long the oldest of them waits.", source: source)
    package static let fileErrors = Metric(
        "tributary.agent.files.errors", .counter, unit: "{error}", "Failures to look at, open or read a file.",
        source: source)
    package static let longLines = Metric(
        "tributary.agent.long_lines", .counter, unit: "{line}", "Lines that were longer than max.line.bytes.",
        source: source)

    package static let buffersUsed = Metric(
        "tributary.agent.buffers.used", .upDownCounter, unit: "By",
        "Bytes of records between reading and acknowledgement, in memory.", source: source)
    package static let buffersLimit = Metric(
        "tributary.agent.buffers.limit", .upDownCounter, unit: "By", "The most of them (memory.limit).",
        source: source)
    package static let batchesInFlight = Metric(
        "tributary.agent.batches.in_flight", .upDownCounter, unit: "{batch}", "Batches that are not answered yet.",
        source: source)
    package static let batchesResumed = Metric(
        "tributary.agent.batches.resumed", .counter, unit: "{batch}",
        "Batches of the agent's earlier life: rebuilt; missing, which could not be; lost, which the cluster has not either.",
        source: source)
    package static let mayBeDoubled = Metric(
        "tributary.agent.may_be_doubled.records", .counter, unit: "{record}",
        "Records that may be stored twice, because no broker could tell whether it has them.", source: source)
    package static let lostByBroker = Metric(
        "tributary.agent.lost_by_broker.records", .counter, unit: "{record}",
        "Records that a broker acknowledged, and no longer has.", source: source)
    package static let deadLettersDropped = Metric(
        "tributary.agent.dead_letters.dropped", .counter, unit: "{letter}",
        "Dead letters that were removed to keep within dead_letters.limit.", source: source)

    package static let uptime = Metric(
        "tributary.agent.uptime", .gauge, unit: "s", "How long the agent has been running.", source: source)
    package static let cpuTime = Metric(
        "tributary.agent.cpu.time", .counter, unit: "s", "CPU time that the agent used.", source: source)
    package static let memoryUsage = Metric(
        "tributary.agent.memory.usage", .upDownCounter, unit: "By", "Memory that the agent is resident with.",
        source: source)

    package static let metrics = [
        readRecords, readBytes, doneRecords, doneBytes, inFlightRecords, inFlightBytes, skippedBytes, unreadBytes,
        unaccountedRecords, unaccountedBytes, files, filesOpen, filesWaiting, filesPinned, pinnedBytes, pinnedAge,
        fileErrors, longLines, buffersUsed, buffersLimit, batchesInFlight, batchesResumed, mayBeDoubled, lostByBroker,
        deadLettersDropped, uptime, cpuTime, memoryUsage,
    ]
}

/// A number of the agent's own, to be told with a sample.
package struct OwnFigure: Sendable {
    package var metric: Metric
    package var value: MetricValue
    package var attributes: [MetricAttribute]

    package init(_ metric: Metric, _ value: Int64, _ attributes: [MetricAttribute] = []) {
        (self.metric, self.value, self.attributes) = (metric, .integer(value), attributes)
    }

    package init(_ metric: Metric, _ value: Double, _ attributes: [MetricAttribute] = []) {
        (self.metric, self.value, self.attributes) = (metric, .double(value), attributes)
    }
}
