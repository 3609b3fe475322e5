internal import UnixSignals
internal import AgentCore
internal import ArgumentParser
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
        commandName: "tributary-agent",
        abstract: "Ships the lines of files, and measurements of the host, to a collector or a Kafka cluster.",
        subcommands: [Run.self, Check.self])
}

struct ConfigurationOption: ParsableArguments {
    @Option(help: "The configuration file.", completion: .file(extensions: ["yaml", "yml"]))
    var config: String

    /// Says what is wrong on standard error, and ends with 1.
    func load() throws -> AgentConfiguration {
        do {
            let configuration = try AgentConfiguration.load(FilePath(config))
            try configuration.validate()
            return configuration
        } catch {
            throw failure("\(error)")
        }
    }
}

extension Program {
    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Run the agent until SIGTERM or SIGINT.")

        @OptionGroup var file: ConfigurationOption

        @Option(help: "Ship there instead of where the configuration says: HOST:PORT, several with commas between.")
        var bootstrap: String?

        @Option(help: "Keep the agent's memory there instead of where the configuration says.", completion: .directory)
        var stateDir: String?

        @Flag(help: "Read everything to its end, wait for the last acknowledgement, and exit with 0.")
        var once = false

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
                try configuration.override(bootstrap: bootstrap, stateDirectory: stateDir)
            } catch {
                throw failure("\(error)")
            }
            LoggingSystem.bootstrap(StreamLogHandler.standardError)
            var logger = Logger(label: "tributary-agent")
            logger.logLevel = logLevel
            var quiet = logger
            quiet.logLevel = .error
            let services = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [
                        .init(
                            service: Agent(configuration, logger: logger, once: once),
                            successTerminationBehavior: .gracefullyShutdownGroup,
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
private func failure(_ reason: String) -> ExitCode {
    let line = reason.contains("\n") || reason.contains(".yaml:") ? reason : "tributary-agent: \(reason)"
    let bytes = Array((line + "\n").utf8)
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    return .failure
}
