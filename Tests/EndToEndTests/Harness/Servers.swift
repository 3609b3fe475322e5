import Foundation
import TestSupport
import Testing

/// A collector that listens.
struct RunningCollector {
    let program: RunningProgram
    let address: String

    var port: String { String(address.split(separator: ":").last ?? "") }

    /// Waits until it says a word.
    func says(_ text: String) async throws {
        try await eventually("the collector says \"\(text)\"") { program.standardError.contains(text) }
    }
}

extension Playground {
    /// Starts a collector and waits until it listens. The same `data` again is a restart.
    func collector(
        data: String = "data", listen: String = "127.0.0.1:0", settings: String = ""
    ) async throws -> RunningCollector {
        let file = try write("\(data).collector.yaml", "data_dir: '\(path(data).path)'\n\(settings)\n")
        let program = try start(Programs.collector, ["run", "--config", file.path, "--listen", listen])
        let opening = "tributary-collector is ready: listening on "
        try await eventually("the collector listens") {
            guard program.isRunning else { throw ProgramFailure("the collector ended: \(program.standardError)") }
            return program.standardError.contains(opening) && program.standardError.contains(", data in ")
        }
        guard
            let address = program.standardError.firstRange(of: opening).map({ program.standardError[$0.upperBound...] }
            )?
            .prefix(while: { $0 != "," })
        else { throw ProgramFailure("no address in: \(program.standardError)") }
        return RunningCollector(program: program, address: String(address))
    }

    /// Writes an agent's configuration.
    ///
    /// - Parameter sources: YAML below `sources:`, or nil for one source `app` of `logs/*.log`.
    func agentConfiguration(
        _ name: String = "agent", bootstrap: String, compression: String = "lz4", sources: String? = nil
    ) throws -> URL {
        let logs =
            sources ?? """
                  - name: app
                    type: file
                    include: ['\(path("logs").path)/*.log']
                """
        return try write(
            "\(name).yaml",
            """
            state_dir: '\(path("\(name).state").path)'
            host_name: here
            collector:
              bootstrap: ["\(bootstrap)"]
              compression: \(compression)
            sources:
            \(logs)

            """)
    }

    func agent(_ configuration: URL, once: Bool = false) throws -> RunningProgram {
        try start(Programs.agent, ["run", "--config", configuration.path] + (once ? ["--once"] : []))
    }

    /// Ships all there is, and expects the agent to be content.
    func shipOnce(_ configuration: URL) async throws {
        try await succeed(Programs.agent, ["run", "--config", configuration.path, "--once"])
    }
}
