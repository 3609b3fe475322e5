internal import AgentCore
internal import ArgumentParser
internal import ServiceProgram
internal import SystemPackage

extension Program {
    struct DeadLetters: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "dead-letters",
            abstract: "Records that the collector refused for good.",
            discussion: "Works beside a running agent as well as on a stopped one.",
            subcommands: [List.self, Replay.self])
    }
}

/// Whose dead letters.
struct StateDirectoryOptions: ParsableArguments {
    @OptionGroup var file: ConfigurationOption

    @Option(help: "The agent's memory, where it is not where the configuration says.", completion: .directory)
    var stateDir: String?

    func office() throws -> DeadLetterOffice {
        let configuration = try file.load()
        return DeadLetterOffice(stateDirectory: FilePath(stateDir ?? configuration.stateDirectory))
    }
}

extension Program.DeadLetters {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show each with its number, its reason, and where its records came from.",
            discussion: """
                REASON is Kafka's name for the error, with what the broker said. READ FROM are the bytes of files that \
                just these records were read from, as path:from-to with commas between.

                With --json: of each {"number", "refused_at" (ISO 8601, UTC), "error", "message", "topic", "partition", \
                "records", "bytes", "source", "from": [{"path", "from", "to"}]}.
                """)

        @OptionGroup var options: StateDirectoryOptions

        @Flag(help: "Answer as JSON, an object on each line.")
        var json = false

        func run() throws {
            do {
                let (letters, damaged) = try options.office().list()
                for line in json ? letters.map(\.json.text) : DeadLetter.lines(letters) { print(line) }
                for path in damaged { printToStandardError("\(path) is damaged, and left out") }
            } catch let error as ExitCode {
                throw error
            } catch {
                throw failure("\(error)")
            }
        }
    }

    struct Replay: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have them sent again: by the running agent within seconds, or by the next one that is started.")

        @OptionGroup var options: StateDirectoryOptions

        @Argument(help: "The numbers, as list shows them.")
        var numbers: [UInt64] = []

        @Flag(help: "All of them.")
        var all = false

        @Flag(help: "Answer as JSON: {\"replayed\": how many}.")
        var json = false

        func validate() throws {
            guard all != !numbers.isEmpty else { throw ValidationError("give numbers, or --all") }
        }

        func run() throws {
            do {
                let wanted = Set(numbers)
                let count = try options.office().replay { all || wanted.contains($0.ordinal) }
                let answer = JSONValue.object(["replayed": .integer(Int64(count))])
                print(json ? answer.text : "\(count) to be sent again")
                if !all && count < wanted.count {
                    throw failure("there is no dead letter for \(wanted.count - count) of the numbers")
                }
            } catch let error as ExitCode {
                throw error
            } catch {
                throw failure("\(error)")
            }
        }
    }
}
