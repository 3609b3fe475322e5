import AgentCore
import CollectorCore
import FileAccess
import SystemPackage
import Testing

@testable import YAMLConfiguration

/// What a text is read as, or its problems, one in a line.
func read<Value>(
    _ text: String, _ form: Form<Value>, environment: [String: String] = [:], limits: YAMLLimits = YAMLLimits()
) -> Result<Value, ConfigurationError> {
    Result { () throws(ConfigurationError) in
        try readConfiguration(
            Array(text.utf8), source: "f.yaml", environment: Environment(environment), limits: limits, as: form)
    }
}

func problems<Value>(_ result: Result<Value, ConfigurationError>) -> [String] {
    switch result {
    case .success: []
    case .failure(let error): error.problems.map(\.description)
    }
}

func readAgent(_ text: String) -> Result<AgentConfiguration, ConfigurationError> {
    read(text, AgentConfiguration.form(machineName: "box"))
}

func readCollector(_ text: String) -> Result<CollectorConfiguration, ConfigurationError> {
    read(text, CollectorConfiguration.form)
}

/// A file of the repository, by its path from the top.
func shipped(_ path: String) throws -> (path: FilePath, text: String) {
    let top = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let whole = top.appending(path)
    return (whole, String(decoding: try PosixFileSystem().readWhole(whole), as: UTF8.self))
}

/// The shipped file with every commented setting (`#key: …`) made effective.
func uncommented(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        guard let hash = line.firstIndex(of: "#"), line[..<hash].allSatisfy({ $0 == " " }) else { return String(line) }
        let setting = line[hash...].dropFirst()
        return setting.isEmpty || setting.hasPrefix(" ") ? String(line) : String(line[..<hash]) + setting
    }.joined(separator: "\n")
}

/// SplitMix64: the same numbers from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
