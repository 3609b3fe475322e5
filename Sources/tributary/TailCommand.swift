internal import ArgumentParser
internal import ForeignCodecs
internal import KafkaClient
internal import Primitives
internal import RecordBatches

struct TailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Print a topic's records, and go on as they come.")

    @OptionGroup var cluster: ClusterOptions
    @Argument(help: "The topics.") var topics: [String]
    @Flag(help: "Begin with the oldest record.") var fromBeginning = false
    @Option(help: "Begin at this offset of each partition; or 'earliest', 'latest'.") var offset: String?
    @Option(help: "Begin so many records before each partition's end.") var last: Int64?
    @Option(help: "Only this partition; may be given several times.") var partition: [Int32] = []
    @Option(help: "Stop after so many records.") var maxMessages: Int?
    @Flag(help: "Stop at the end of what is there now.") var exitAtEnd = false
    @Option(help: "text, json, value, or raw.") var format = RecordFormat.text

    func validate() throws {
        if [fromBeginning, offset != nil, last != nil].filter({ $0 }).count > 1 {
            throw ValidationError("Only one of --from-beginning, --offset and --last can be given.")
        }
        if let last, last < 0 { throw ValidationError("--last needs a number from 0 on.") }
        if let maxMessages, maxMessages < 1 { throw ValidationError("--max-messages needs a number from 1 on.") }
        if partition.contains(where: { $0 < 0 }) { throw ValidationError("Partitions are numbered from 0.") }
        _ = try start()
        _ = try cluster.addresses()
    }

    private func start() throws -> FetchStart {
        if fromBeginning { return .earliest }
        if let last { return .beforeEnd(last) }
        switch offset {
        case nil, "latest": return .latest
        case "earliest": return .earliest
        case let text?:
            guard let value = Int64(text), value >= 0 else {
                throw ValidationError("--offset needs a number from 0 on, 'earliest' or 'latest', not '\(text)'.")
            }
            return .offset(Offset(value))
        }
    }

    func run() async throws {
        try await withCluster(cluster) { cluster in
            // Where nobody answers, say so at once; from then on outages are waited out.
            _ = try await cluster.refresh(topics: topics)
            try await follow(cluster)
        }
    }

    private func follow(_ cluster: KafkaCluster) async throws {
        var printer = RecordPrinter(format: format, showsTopic: Set(topics).count > 1)
        let fetcher = RecordFetcher(
            cluster: cluster,
            configuration: FetchConfiguration(
                topics: topics, partitions: partition.isEmpty ? nil : Set(partition), start: try start(),
                endsAtEnd: exitAtEnd, waitsForTopics: !exitAtEnd)
        ) { report($0) }
        let batches = fetcher.makeAsyncIterator()
        var left = maxMessages ?? .max
        while left > 0 {
            if !batches.hasNext { try printer.output.flush() }
            guard let batch = try await batches.next() else { break }
            if batch.header.attributes.isControl { continue }
            do {
                left -= try printer.print(batch, try batch.contents(foreign: ForeignCodecs.decompress), limit: left)
            } catch let error as BatchError {
                say(
                    "skipping offsets \(batch.header.baseOffset) to \(batch.header.lastOffset) of \(batch.topic)/\(batch.partition): \(error)"
                )
            }
        }
        try printer.output.flush()
    }
}

private func report(_ event: FetchEvent) {
    switch event {
    case .waitingForTopic(let name): say("waiting for topic '\(name)', which does not exist yet")
    case .topicAppeared(let name): say("topic '\(name)' is there")
    case .outOfRange(let place, let wanted, let now): say("\(place) has no offset \(wanted): going on at \(now)")
    case .damaged(let place, let offset, let error): say("\(place) at offset \(offset): \(error)")
    case .trouble(let error): say("\(error); trying again")
    }
}
