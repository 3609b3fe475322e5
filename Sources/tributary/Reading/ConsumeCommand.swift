internal import ArgumentParser
internal import KafkaClient
internal import Primitives
internal import RecordBatches
internal import UnixSignals

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

extension PartitionAssignor: ExpressibleByArgument {}
extension OffsetReset: ExpressibleByArgument {}

struct ConsumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consume",
        abstract: "Print records as a member of a consumer group, which shares them with other members.",
        discussion: """
            Records that are not printed by one member are printed by another, and the group remembers how far it came: \
            an offset is committed only when everything before it was written to standard output. After SIGINT, SIGTERM \
            or --max-messages it commits, leaves the group, and exits with 0; a second signal ends it at once. Who is \
            killed leaves at most a second's records to be printed again by another.

            The group may have members of other makes. Without --group all partitions are read, as by `tail`.
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var reading: ReadingOptions
    @Option(help: "The group to be a member of.", completion: .custom(groupCompletions)) var group: String?
    @Option(
        help: "Where to begin where the group has committed nothing: earliest, latest, or none for an error.")
    var offsetReset: OffsetReset?
    @Option(help: "Be a static member of this name: a restart within the session timeout moves no partitions.")
    var instanceID: String?
    @Option(
        help: ArgumentHelp(
            "How partitions are shared out: range or cooperative-sticky; may be given several times, the most wanted first. Default: both."
        ))
    var assignor: [PartitionAssignor] = []
    @Option(help: "How long the group does without a sign of life, 10s or 1m for instance.", transform: duration)
    var sessionTimeout: Duration = .seconds(45)
    @Option(
        help: ArgumentHelp(
            "Leave the group to others when standard output takes nothing for so long, until it does again; a rebalance waits as long for this member (Kafka's max.poll.interval.ms)."
        ), transform: duration)
    var maxPollInterval: Duration = .seconds(300)

    func validate() throws {
        _ = try cluster.addresses()
        guard let group else {
            guard offsetReset == nil, instanceID == nil, assignor.isEmpty else {
                throw ValidationError("--offset-reset, --instance-id and --assignor need --group.")
            }
            return
        }
        try checkName(group, of: "group")
        if let instanceID { try checkName(instanceID, of: "instance id") }
        if reading.fromBeginning, let offsetReset, offsetReset != .earliest {
            throw ValidationError("--from-beginning is --offset-reset earliest, and cannot be another as well.")
        }
        guard (.seconds(1)...(.seconds(1800))).contains(sessionTimeout) else {
            throw ValidationError("--session-timeout is from 1s to 30m.")
        }
        guard (.seconds(1)...(.seconds(86_400))).contains(maxPollInterval) else {
            throw ValidationError("--max-poll-interval is from 1s to 24h.")
        }
    }

    func run() async throws {
        try await withCluster(cluster) { cluster in
            guard let group else {
                return try await follow(reading, from: reading.fromBeginning ? .earliest : .latest, cluster)
            }
            _ = try await cluster.refresh(topics: [])
            try await consume(as: group, cluster)
        }
    }

    private func consume(as group: String, _ cluster: KafkaCluster) async throws {
        var configuration = GroupConfiguration(
            groupID: group, topics: reading.selection, instanceID: instanceID,
            offsetReset: offsetReset ?? (reading.fromBeginning ? .earliest : .latest), endsAtEnd: reading.exitAtEnd,
            sessionTimeout: sessionTimeout, heartbeatInterval: min(.seconds(3), sessionTimeout / 4),
            maximumPollInterval: maxPollInterval)
        if !assignor.isEmpty { configuration.assignors = assignor }
        let isVerbose = self.cluster.verbose
        let consumer = GroupConsumer(cluster: cluster, configuration: configuration) { report($0, isVerbose) }
        let signals = Task { await endOnSignal(consumer) }
        defer { signals.cancel() }
        do {
            try await print(consumer)
        } catch {
            await consumer.close()
            throw error
        }
        await consumer.close()
    }

    /// Prints what comes, and tells the consumer what is out.
    private func print(_ consumer: GroupConsumer) async throws {
        var printer = RecordPrinter(format: reading.format, showsTopic: reading.showsTopic)
        var written: [TopicPartition: CommittedOffset] = [:]
        func writeOut() async throws {
            try printer.output.flush()
            await consumer.wrote(written)
            written = [:]
        }
        var left = reading.maxMessages ?? .max
        reading: while left > 0 {
            if !consumer.hasNext, !written.isEmpty { try await writeOut() }
            switch try await consumer.next() {
            case .end: break reading
            case .writeOut: try await writeOut()
            case .records(let batch):
                do {
                    let (count, next) = try printer.print(batch, limit: left)
                    left -= count
                    written[TopicPartition(topic: batch.topic, partition: batch.partition)] = CommittedOffset(
                        offset: next, leaderEpoch: batch.header.leaderEpoch)
                } catch let error as BatchError {
                    try await writeOut()
                    throw Complaint(
                        """
                        cannot read \(place(of: batch)): \(error); nothing from there on is committed \
                        (`tributary groups reset-offsets` can move the group behind it)
                        """)
                }
            }
        }
        try await writeOut()
    }
}

/// The first signal asks for a clean end. Where standard output takes nothing, that cannot come: then the member leaves
/// with what is committed. From the second signal on the process ends as the signal says.
private func endOnSignal(_ consumer: GroupConsumer) async {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    for await received in signals {
        signal(received.rawValue, SIG_DFL)
        await consumer.stop()
        do { try await Task.sleep(for: .seconds(10)) } catch { return }
        say("standard output took nothing for 10 s: what was not written is not committed")
        await consumer.close()
        exit(1)
    }
}

private func report(_ event: GroupEvent, _ isVerbose: Bool) {
    switch event {
    case .fetch(let event): report(event)
    case .trouble(let error): say("\(error); trying again")
    case .lost(let places):
        say("the group gave \(listing(places)) to others: some records may be printed twice")
    case .stalled:
        say("standard output took nothing for --max-poll-interval: left the group to others until it does")
    case .joined(let generation, let assignor, let isLeader):
        if isVerbose { say("joined generation \(generation), \(assignor.rawValue)\(isLeader ? ", as leader" : "")") }
    case .tookUp(let places): if isVerbose, !places.isEmpty { say("reading \(listing(places))") }
    case .gaveUp(let places): if isVerbose { say("gave up \(listing(places))") }
    }
}

/// `logs/0,2 metrics/1`
func listing(_ places: some Sequence<TopicPartition>) -> String {
    places.byTopic().map { topic in
        "\(topic.name)/\(topic.partitions.map { String($0) }.joined(separator: ","))"
    }.joined(separator: " ")
}
