// ServiceProgram: what the command lines of agent and collector have in common: the log's level, running a service until
// a signal ends it, and telling why not. It knows neither agent nor collector.

package import ArgumentParser
package import Logging
package import ServiceLifecycle
internal import UnixSignals

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// `--log-level`
package struct LogLevelOption: ParsableArguments {
    @Option(
        help: "trace, debug, info, notice, warning, error or critical.",
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else { throw ValidationError("no log level: \(text)") }
            return level
        })
    package var logLevel: Logger.Level = .notice

    package init() {}

    /// Sends logs to standard error. To be called once.
    package func logger(_ label: String) -> Logger {
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        var logger = Logger(label: label)
        logger.logLevel = logLevel
        return logger
    }
}

/// Runs a service until it returns, or SIGTERM or SIGINT asks it to end.
package func run(_ service: any Service, logger: Logger) async throws {
    // The group's own words about starting and stopping are of no use to a person.
    var quiet = logger
    quiet.logLevel = .error
    let services = ServiceGroup(
        configuration: ServiceGroupConfiguration(
            services: [
                .init(
                    service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
    try await services.run()
}

/// Says why on standard error; thrown, it ends the program with 1.
package func failure(_ reason: String) -> ExitCode {
    printToStandardError(reason)
    return .failure
}

package func printToStandardError(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
}
