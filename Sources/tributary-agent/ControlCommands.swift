internal import AgentCore
internal import ArgumentParser
internal import ServiceProgram
internal import SystemPackage

/// What all commands that ask an agent have in common.
struct ControlOptions: ParsableArguments {
    @OptionGroup var file: ConfigurationOption

    @Option(help: "The state directory, where it is not the configuration's.", completion: .directory)
    var stateDir: String?

    @Flag(help: "Answer as JSON, an object on each line.")
    var json = false

    /// Asks the running agent, or answers from the state directory of one that does not run.
    func ask(_ request: @autoclosure () throws -> ControlRequest) throws {
        do {
            var configuration = try AgentConfiguration.load(.init(file.config))
            try configuration.override(stateDirectory: stateDir)
            let request = try request()
            let answer = try AgentControl(configuration).ask(request)
            for line in json ? answer.map(\.text) : ControlText.lines(request, answer) { print(line) }
        } catch {
            throw failure("\(error)")
        }
    }
}

extension Program {
    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what the running agent read, and what became of it, per source, since it was started.",
            discussion: """
                READ = DELIVERED + FILTERED + DEAD + DROPPED + IN FLIGHT, in lines (or samples). LOST is what was truncated \
                away or deleted before it could be read, in bytes.

                With --json: of each source {"source", "read", "delivered", "filtered", "dead_lettered", "dropped", \
                "in_flight" and "unaccounted", each with "records" and "bytes", "skipped_bytes", \
                "truncated_unread_bytes", "deleted_unread_bytes"}, and in the last line {"agent": {…}}.
                """)

        @OptionGroup var options: ControlOptions

        func run() throws { try options.ask(.status) }
    }

    struct Files: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List every file that is known: how far it is read and acknowledged, and why it is not read.")

        @OptionGroup var options: ControlOptions

        func run() throws { try options.ask(.files) }
    }

    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say which source takes a file, or which rule leaves it out.")

        @Argument(help: "An absolute path.", completion: .file())
        var path: String

        @OptionGroup var options: ControlOptions

        func run() throws { try options.ask(.explain(try ControlRequest.path(path))) }
    }

    struct Seek: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have a file read from elsewhere: what is read again is delivered again.")

        @Argument(help: "An absolute path.", completion: .file())
        var path: String

        @Option(help: "beginning, end, or a number of bytes: the line there is the first.")
        var to: String

        @OptionGroup var options: ControlOptions

        func run() throws {
            try options.ask(.seek(try ControlRequest.path(path), to: try .init(parsing: to)))
        }
    }

    struct Reload: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have the running agent read its configuration anew, as SIGHUP does.")

        @OptionGroup var options: ControlOptions

        func run() throws { try options.ask(.reload) }
    }
}
