internal import UnixSignals
internal import ArgumentParser
internal import CollectorCore
internal import Logging
internal import ServiceLifecycle
internal import SystemPackage
internal import YAMLConfiguration

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

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

        @Option(
            help: "trace, debug, info, notice, warning, error or critical.",
            transform: { text in
                guard let level = Logger.Level(rawValue: text) else { throw ValidationError("no log level: \(text)") }
                return level
            })
        var logLevel: Logger.Level = .notice

        func run() async throws {
            var configuration = try file.load()
            do {
                try configuration.override(listen: listen, dataDirectory: dataDir)
            } catch {
                throw failure("\(error)")
            }
            LoggingSystem.bootstrap(StreamLogHandler.standardError)
            var logger = Logger(label: "tributary-collector")
            logger.logLevel = logLevel
            let directory = configuration.dataDirectory
            let collector = Collector(configuration, logger: logger) { address in
                printToStandardError("tributary-collector is ready: listening on \(address), data in \(directory)")
            }
            var quiet = logger
            quiet.logLevel = .error
            let services = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [
                        .init(
                            service: collector, successTerminationBehavior: .gracefullyShutdownGroup,
                            failureTerminationBehavior: .gracefullyShutdownGroup)
                    ],
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
            do {
                try await services.run()
            } catch {
                throw failure("\(error)")
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

/// Says why on standard error; the program ends with 1.
func failure(_ reason: String) -> ExitCode {
    printToStandardError(reason.contains("\n") ? reason : "tributary-collector: \(reason)")
    return .failure
}

private func printToStandardError(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
}
