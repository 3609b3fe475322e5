internal import AgentCore
internal import ArgumentParser
internal import ServiceProgram
internal import SystemPackage

extension Program {
    struct Sample: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a sample of a source of metrics and print what would be shipped; nothing is.",
            discussion: """
                Prints what a source of type host_metrics, prometheus, statsd or textfile gives, a record to a line (a \
                record of format prometheus has several). Rates, utilisation and deltas need two samples: they are in those after the first.
                """)

        @OptionGroup var file: ConfigurationOption

        @Option(help: "The source's name. Default: the first of type host_metrics.")
        var source: String?

        @Option(help: "How many samples to take, an interval apart.")
        var count = 1

        func validate() throws {
            guard count >= 1 else { throw ValidationError("--count is at least 1") }
        }

        func run() async throws {
            let configuration = try file.load()
            guard var preview = MetricsPreview(configuration, source: source) else {
                throw failure(
                    source.map { "there is no source of metrics named \($0)" }
                        ?? "there is no source of type host_metrics")
            }
            for index in 0..<count {
                if index > 0 { try await Task.sleep(for: preview.timeLeft) }
                for change in preview.sample({ record in print(record) }) {
                    _ = try? FileDescriptor.standardError.writeAll("\(change)\n".utf8)
                }
            }
        }
    }
}
