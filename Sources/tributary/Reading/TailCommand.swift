internal import ArgumentParser
internal import KafkaClient
internal import Primitives

struct TailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Print a topic's records, and go on as they come.")

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var reading: ReadingOptions
    @Option(help: "Begin at this offset of each partition; or 'earliest', 'latest'.") var offset: String?
    @Option(help: "Begin so many records before each partition's end.") var last: Int64?
    @Option(help: "Only this partition; may be given several times.") var partition: [Int32] = []

    func validate() throws {
        if [reading.fromBeginning, offset != nil, last != nil].filter({ $0 }).count > 1 {
            throw ValidationError("Only one of --from-beginning, --offset and --last can be given.")
        }
        if let last, last < 0 { throw ValidationError("--last needs a number from 0 on.") }
        if partition.contains(where: { $0 < 0 }) { throw ValidationError("Partitions are numbered from 0.") }
        _ = try start()
        _ = try cluster.addresses()
    }

    private func start() throws -> FetchStart {
        if reading.fromBeginning { return .earliest }
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
            try await follow(
                reading, partitions: partition.isEmpty ? nil : Set(partition), from: try start(), cluster)
        }
    }
}
