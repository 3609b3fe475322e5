import Foundation
import SystemPackage
import TestSupport
import Testing

/// A private bus with a systemd on it, or something that only looks like one (`fake-systemd.py`).
final class FakeSystemd {
    let address: String
    private let directory = temporaryDirectory()
    private let process = Process()
    private let input = Pipe()

    init(_ mode: String) throws {
        try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: false)
        address = "unix:path=\(directory)/bus"
        process.executableURL = python
        process.arguments = [
            URL(filePath: #filePath).deletingLastPathComponent().appending(path: "fake-systemd.py").path,
            directory.string, mode,
        ]
        process.standardInput = input
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        // To the end where it does not start, which it tells by itself.
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let more = output.fileHandleForReading.availableData
            try #require(!more.isEmpty, "fake-systemd.py did not start: see above")
            line += more
        }
    }

    /// Ends the bus.
    func stop() {
        process.terminate()
        process.waitUntilExit()
        removeTree(directory)
    }
}

/// With what `scripts/install-packages --tests` installs.
var python: URL {
    if let named = ProcessInfo.processInfo.environment["TRIBUTARY_PYTHON"] { return URL(filePath: named) }
    let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    return repository.appending(path: ".build/venv/bin/python")
}
