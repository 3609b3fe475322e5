package import FileAccess
package import SystemPackage
package import YAMLConfiguration

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#endif

extension AgentConfiguration {
    /// Reads a configuration file.
    ///
    /// - Parameter machineName: `hostName` where the file does not say it.
    package static func load(
        _ path: FilePath, from files: any FileSystem = PosixFileSystem(), environment: Environment = .process,
        machineName: String = machineName()
    ) throws(ConfigurationError) -> AgentConfiguration {
        let bytes: [UInt8]
        do throws(FileError) {
            // One more than is taken, so that a longer file is noticed.
            bytes = try files.readWhole(path, limit: YAMLLimits().fileBytes + 1)
        } catch {
            throw ConfigurationError([
                ConfigurationProblem(
                    source: path.string, message: "cannot be read (\(error.operation): \(error.errno))")
            ])
        }
        return try readConfiguration(
            bytes, source: path.string, environment: environment, as: form(machineName: machineName))
    }

    /// What the command line says wins over the file.
    ///
    /// - Parameter bootstrap: one or more HOST:PORT, with commas between.
    package mutating func override(
        bootstrap: String? = nil, stateDirectory: String? = nil
    ) throws(ConfigurationError) {
        if let bootstrap {
            collector.bootstrap = try bootstrap.split(separator: ",", omittingEmptySubsequences: false).map {
                part throws(ConfigurationError) in try HostPort(option: "--bootstrap", String(part))
            }
        }
        if let stateDirectory { self.stateDirectory = stateDirectory }
    }

    /// The name that the system has for this machine.
    package static func machineName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        // One byte stays 0: gethostname does not end a name that it had to cut.
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? "localhost" : String(decoding: bytes, as: UTF8.self)
    }
}
