import Foundation
import TestSupport
import Synchronization
import Testing

/// A directory of a test's own, and the programs that run in it. All of them are gone in the end.
final class Playground: Sendable {
    let directory: URL
    private let programs = Mutex<[RunningProgram]>([])

    private init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "tributary-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    /// Runs a test in a playground. Where it fails, the ends of the programs' logs are told.
    static func run(_ test: (Playground) async throws -> Void) async throws {
        let place = try Playground()
        let result: Result<Void, any Error>
        do {
            try await test(place)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        let programs = place.programs.withLock { $0 }
        for program in programs { program.kill() }
        for program in programs { try? await program.killAndWait() }
        if case .failure = result {
            for program in programs where !program.standardError.isEmpty {
                print("--- \(program.name) \(program.pid) said:\n\(program.standardError.suffix(3000))")
            }
        }
        try? FileManager.default.removeItem(at: place.directory)
        try result.get()
    }

    func path(_ name: String) -> URL { directory.appending(path: name) }

    @discardableResult
    func write(_ name: String, _ content: String) throws -> URL { try write(name, Data(content.utf8)) }

    @discardableResult
    func write(_ name: String, _ content: Data) throws -> URL {
        let file = path(name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try content.write(to: file)
        return file
    }

    func append(_ name: String, _ content: Data) throws {
        let file = path(name)
        if !FileManager.default.fileExists(atPath: file.path) { try write(name, Data()) }
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        try handle.seekToEnd()
        try handle.write(contentsOf: content)
    }

    /// Starts a program that is ended with the test.
    func start(
        _ executable: URL, _ arguments: [String], input: URL? = nil, environment: [String: String] = [:]
    ) throws -> RunningProgram {
        let program = try RunningProgram(
            executable, arguments, input: input, environment: environment, in: directory)
        programs.withLock { $0.append(program) }
        return program
    }

    /// Runs a program that must end with 0, and returns its standard output.
    @discardableResult
    func succeed(
        _ executable: URL, _ arguments: [String], input: URL? = nil, within limit: Duration = Patience.standard
    ) async throws -> Data {
        let program = try start(executable, arguments, input: input)
        let code = try await program.wait(within: limit)
        guard code == 0 else {
            throw ProgramFailure(
                "\(program.name) \(arguments.joined(separator: " ")) ended with \(code): \(program.standardError)")
        }
        return program.standardOutput
    }
}

/// Where the programs under test and the clients are.
enum Programs {
    /// `TRIBUTARY_BIN`, or the directory of the test bundle, where the build puts everything.
    private static let directory: URL =
        if let named = ProcessInfo.processInfo.environment["TRIBUTARY_BIN"] {
            URL(filePath: named)
        } else {
            URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        }

    static let agent = directory.appending(path: "tributary-agent")
    static let collector = directory.appending(path: "tributary-collector")
    static let tributary = directory.appending(path: "tributary")
    static let kcat = URL(filePath: "/usr/bin/kcat")

    /// `TRIBUTARY_PYTHON`, or the environment that `scripts/install-packages --tests` makes.
    static let python: URL = {
        if let named = ProcessInfo.processInfo.environment["TRIBUTARY_PYTHON"] { return URL(filePath: named) }
        let candidates = [repository.appending(path: ".build/venv/bin/python"), URL(filePath: "/tmp/venv/bin/python")]
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) } ?? candidates[0]
    }()

    static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func script(_ name: String) -> URL {
        repository.appending(path: "Tests/EndToEndTests/Clients/\(name)")
    }
}
