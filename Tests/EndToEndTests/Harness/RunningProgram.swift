import Foundation
import TestSupport
import Testing

/// A program that was started: its output goes to files, so that it never waits for us, and it ends with a deadline.
final class RunningProgram: Sendable {
    let name: String
    private let process: Process
    private let output: URL
    private let errors: URL

    init(
        _ executable: URL, _ arguments: [String], input: URL? = nil, environment: [String: String] = [:],
        in directory: URL
    ) throws {
        let id = UUID().uuidString
        name = executable.lastPathComponent
        output = directory.appending(path: "\(name).\(id).out")
        errors = directory.appending(path: "\(name).\(id).err")
        process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        process.standardOutput = try Self.create(output)
        process.standardError = try Self.create(errors)
        try process.run()
    }

    private static func create(_ file: URL) throws -> FileHandle {
        try Data().write(to: file)
        return try FileHandle(forWritingTo: file)
    }

    var pid: Int32 { process.processIdentifier }

    var isRunning: Bool { process.isRunning }

    /// What it has written to standard output so far.
    var standardOutput: Data { (try? Data(contentsOf: output)) ?? Data() }

    /// What it has written to standard error so far.
    var standardError: String { String(decoding: (try? Data(contentsOf: errors)) ?? Data(), as: UTF8.self) }

    /// Waits for its end.
    ///
    /// - Returns: the exit code, or minus the signal that ended it.
    @discardableResult
    func wait(within limit: Duration = Patience.standard) async throws -> Int32 {
        guard try await comesTrue(within: limit, { !isRunning }) else {
            kill()
            throw ProgramFailure("\(name) did not end within \(limit); it said: \(standardError.suffix(2000))")
        }
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    /// Asks it to end.
    func terminate() {
        if isRunning { process.terminate() }
    }

    /// Asks it to end, and waits.
    @discardableResult
    func stop() async throws -> Int32 {
        terminate()
        return try await wait()
    }

    /// Ends it as a power failure would.
    func kill() {
        if isRunning { Foundation.kill(pid, SIGKILL) }
    }

    /// Ends it as a power failure would, and waits until it is gone.
    func killAndWait() async throws {
        kill()
        try await eventually("\(name) is gone") { !self.isRunning }
    }

    /// A figure of /proc/PID/status in KiB: VmRSS, VmHWM.
    func memory(_ figure: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        for line in status.split(separator: "\n") where line.hasPrefix("\(figure):") {
            if let value = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) {
                return value
            }
        }
        throw ProgramFailure("no \(figure) of \(name)")
    }
}

struct ProgramFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
