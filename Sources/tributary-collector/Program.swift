internal import ArgumentParser
internal import CollectorCore
internal import ServiceProgram
internal import SystemPackage
internal import YAMLConfiguration

@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tributary-collector",
        abstract: "Receives records, keeps them durably in topics, and serves them to Kafka clients.",
        subcommands: [Run.self, Check.self, Inspect.self, Verify.self, Repair.self])
}

struct ConfigurationOption: ParsableArguments {
    @Option(help: "The configuration file.", completion: .file(extensions: ["yaml", "yml"]))
    var config: String

    /// Says what is wrong on standard error, and ends with 1.
    func load() throws -> CollectorConfiguration {
        do {
            return try CollectorConfiguration.load(FilePath(config))
        } catch {
            throw failure("\(error)")
        }
    }
}

extension Program {
    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Run the collector until SIGTERM or SIGINT.")

        @OptionGroup var file: ConfigurationOption

        @Option(help: "Listen there instead of where the configuration says (port 0: any free one).")
        var listen: String?

        @Option(help: "Keep the topics there instead of where the configuration says.", completion: .directory)
        var dataDir: String?

        @OptionGroup var log: LogLevelOption

        func run() async throws {
            var configuration = try file.load()
            do {
                try configuration.override(listen: listen, dataDirectory: dataDir)
            } catch {
                throw failure("\(error)")
            }
            let logger = log.logger("tributary-collector")
            let directory = configuration.dataDirectory
            let collector = Collector(configuration, logger: logger) { address in
                printToStandardError("tributary-collector is ready: listening on \(address), data in \(directory)")
            }
            do {
                try await ServiceProgram.run(collector, logger: logger)
            } catch {
                throw failure("tributary-collector: \(error)")
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a configuration: exit 0, or 1 with the reasons.")

        @OptionGroup var file: ConfigurationOption

        func run() throws {
            _ = try file.load()
        }
    }
}
