internal import ArgumentParser
internal import KafkaClient
internal import KafkaProtocol
internal import NIOPosix
internal import Primitives
internal import YAMLConfiguration

/// An answer to a wish that cannot be granted; said in one line, and the exit status is 1.
struct Complaint: Error, Equatable {
    var text: String

    init(_ text: String) { self.text = text }
}

/// `'a', 'b'`
func quoted(_ names: some Sequence<String>) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }

/// Names that no broker takes, and that the protocol cannot carry.
func checkName(_ name: String, of what: String) throws {
    if name.isEmpty { throw ValidationError("The \(what)'s name must not be empty.") }
    if name.utf8.count > 249, what == "topic" { throw ValidationError("A topic's name has at most 249 characters.") }
    if name.utf8.count > 32767 { throw ValidationError("The \(what)'s name is longer than 32767 bytes.") }
}

@Sendable
func duration(_ text: String) throws -> Duration {
    guard let duration = DurationText.parse(text) else {
        throw ValidationError("'\(text)' is not a duration, such as 500ms, 10s, 5m, 2h or 7d")
    }
    return duration
}

/// A setting as `NAME=VALUE`.
func setting(_ text: String) throws -> (name: String, value: String) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw ValidationError("--config needs NAME=VALUE, not '\(text)'.")
    }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
}

/// Asks on the terminal.
///
/// - Throws: where nobody can be asked, or says no.
func confirm(_ question: String) throws {
    say("\(question) [y/N]")
    guard let answer = readLine() else { throw Complaint("not done: nobody answered (--yes answers beforehand)") }
    guard ["y", "yes"].contains(answer.lowercased()) else { throw Complaint("not done") }
}

/// The names of topics for the shell's completion; none where no broker answers soon.
@Sendable
func topicCompletions(_ words: [String], _ index: Int, _ prefix: String) async -> [String] {
    await completions(words) { cluster in try await cluster.listTopics().filter { !$0.isInternal }.map(\.name) }
}

/// The names of groups for the shell's completion.
@Sendable
func groupCompletions(_ words: [String], _ index: Int, _ prefix: String) async -> [String] {
    await completions(words) { cluster in try await cluster.listGroups().map(\.groupID) }
}

/// The value of `--bootstrap` on a line that is being completed. Bash makes words of their own of the colon before the
/// port, and of an equals sign.
private func bootstrap(among words: [String]) -> String? {
    guard let option = words.firstIndex(of: "--bootstrap") else { return nil }
    var value = ""
    for word in words[(option + 1)...] where word != "=" {
        let continues = word == ":" || value.hasSuffix(":") || word.hasPrefix(",") || value.hasSuffix(",")
        if !value.isEmpty && !continues { break }
        value += word
    }
    return value.isEmpty ? nil : value
}

private func completions(
    _ words: [String], _ names: (KafkaCluster) async throws -> [String]
) async -> [String] {
    var options = ClusterOptions()
    options.bootstrap = bootstrap(among: words)
    options.verbose = false
    guard let addresses = try? options.addresses() else { return [] }
    let connection = ConnectionConfiguration(connectTimeout: .seconds(1), requestTimeout: .seconds(1))
    let cluster = KafkaCluster(
        ClusterConfiguration(bootstrap: addresses, connection: connection),
        eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
    let found = (try? await names(cluster)) ?? []
    await cluster.close()
    return found
}
