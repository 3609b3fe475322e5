internal import ArgumentParser
internal import KafkaClient
internal import Primitives
internal import RecordBatches

/// What `tail` and `consume` have in common: which topics, how many records, how they are printed.
struct ReadingOptions: ParsableArguments {
    @Argument(
        help: "The topics, by name or by pattern: 'logs.*', 'app-?', '[ab]*'.", completion: .custom(topicCompletions))
    var topics: [String]
    @Flag(help: "Begin with the oldest record.") var fromBeginning = false
    @Option(help: "Stop after so many records.") var maxMessages: Int?
    @Flag(help: "Stop at the end of what is there now.") var exitAtEnd = false
    @Option(help: "text, json, value, or raw.") var format = RecordFormat.text

    func validate() throws {
        if let maxMessages, maxMessages < 1 { throw ValidationError("--max-messages needs a number from 1 on.") }
        for topic in topics { try checkName(topic, of: "topic") }
    }

    var selection: TopicSelection { TopicSelection(topics) }

    /// Whether records of different topics may come, which are told apart then.
    var showsTopic: Bool { Set(topics).count > 1 || !selection.patterns.isEmpty }
}

/// Prints all partitions of topics, without a group.
func follow(
    _ options: ReadingOptions, partitions: Set<Int32>? = nil, from start: FetchStart, _ cluster: KafkaCluster
) async throws {
    // Where nobody answers, say so at once; from then on outages are waited out.
    let existing = try await cluster.listTopics()
    let topics = options.selection.topics(among: existing).sorted()
    guard !topics.isEmpty else {
        throw Complaint("no topic matches \(quoted(options.topics)) (`tributary topics list` shows those there are)")
    }
    var printer = RecordPrinter(format: options.format, showsTopic: options.showsTopic)
    let fetcher = RecordFetcher(
        cluster: cluster,
        configuration: FetchConfiguration(
            topics: topics, partitions: partitions, start: start, endsAtEnd: options.exitAtEnd,
            waitsForTopics: !options.exitAtEnd)
    ) { report($0) }
    let batches = fetcher.makeAsyncIterator()
    var left = options.maxMessages ?? .max
    while left > 0 {
        if !batches.hasNext { try printer.output.flush() }
        guard let batch = try await batches.next() else { break }
        do {
            left -= try printer.print(batch, limit: left).count
        } catch let error as BatchError {
            say("skipping \(place(of: batch)): \(error)")
        }
    }
    try printer.output.flush()
}

/// `offsets 10 to 19 of logs/0`
func place(of batch: FetchedBatch) -> String {
    "offsets \(batch.header.baseOffset) to \(batch.header.lastOffset) of \(batch.topic)/\(batch.partition)"
}

func report(_ event: FetchEvent) {
    switch event {
    case .waitingForTopic(let name): say("waiting for topic '\(name)', which does not exist yet")
    case .topicAppeared(let name): say("topic '\(name)' is there")
    case .outOfRange(let place, let wanted, let now): say("\(place) has no offset \(wanted): going on at \(now)")
    case .damaged(let place, let offset, let error): say("\(place) at offset \(offset): \(error)")
    case .trouble(let error): say("\(error); trying again")
    }
}
