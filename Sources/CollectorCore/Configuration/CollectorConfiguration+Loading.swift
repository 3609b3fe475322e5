package import FileAccess
package import SystemPackage
package import YAMLConfiguration

extension CollectorConfiguration {
    /// Reads a configuration file.
    package static func load(
        _ path: FilePath, from files: any FileSystem = PosixFileSystem(), environment: Environment = .process
    ) throws(ConfigurationError) -> CollectorConfiguration {
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
        return try readConfiguration(bytes, source: path.string, environment: environment, as: form)
    }

    /// What the command line says wins over the file.
    package mutating func override(
        listen: String? = nil, dataDirectory: String? = nil
    ) throws(ConfigurationError) {
        if let listen { self.listen = try HostPort(option: "--listen", listen, allowingPortZero: true) }
        if let dataDirectory { self.dataDirectory = dataDirectory }
    }
}
