internal import AgentCore
internal import ArgumentParser
internal import ServiceProgram
internal import SystemPackage
internal import YAMLConfiguration

@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tributary-agent",
        abstract: "Ships the lines of files, and measurements of the host, to a collector or a Kafka cluster.",
        subcommands: [
            Run.self, Check.self, Status.self, Files.self, Explain.self, Seek.self, Reload.self, DeadLetters.self,
            Sample.self,
        ])
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

        @OptionGroup var log: LogLevelOption

        func run() async throws {
            var configuration = try file.load()
            do {
                try configuration.override(bootstrap: bootstrap, stateDirectory: stateDir)
            } catch {
                throw failure("\(error)")
            }
            let logger = log.logger("tributary-agent")
            do {
                let agent = Agent(configuration, logger: logger, once: once) {
                    [path = file.config, bootstrap, stateDir] in
                    var configuration = try AgentConfiguration.load(FilePath(path))
                    try configuration.validate()
                    try configuration.override(bootstrap: bootstrap, stateDirectory: stateDir)
                    return configuration
                }
                try await ServiceProgram.run(agent, logger: logger)
            } catch {
                throw failure("tributary-agent: \(error)")
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a configuration: exit 0 with the most memory it may need, or 1 with the reasons.")

        @OptionGroup var file: ConfigurationOption

        @Flag(help: "Answer as JSON, an object on each line: {\"part\", \"bytes\"} of each, and {\"total_bytes\"}.")
        var json = false

        func run() throws {
            let estimate = MemoryEstimate(try file.load())
            for line in json ? estimate.json.map(\.text) : estimate.lines { print(line) }
        }
    }
}
