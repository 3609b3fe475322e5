package import FileAccess
internal import FileTailing
internal import Primitives
internal import SystemPackage

/// Asks an agent, whether it runs or not.
package struct AgentControl {
    private let configuration: AgentConfiguration
    private let fileSystem: any FileSystem

    package init(_ configuration: AgentConfiguration, fileSystem: any FileSystem = PosixFileSystem()) {
        self.configuration = configuration
        self.fileSystem = fileSystem
    }

    /// Asks the agent that uses the configuration's state directory; where none runs, answers from that directory.
    package func ask(_ request: ControlRequest) throws(ControlError) -> [JSONValue] {
        let path = FilePath(configuration.stateDirectory).appending(ControlSocket.name)
        let socket: LocalSocket
        do throws(FileError) {
            socket = try LocalSocket.connect(to: path)
        } catch {
            guard error.isNotFound || error.errno == .connectionRefused || error.errno == .fileNameTooLong else {
                throw ControlError("\(error)")
            }
            return try StoppedAgent(configuration, fileSystem).carryOut(request)
        }
        return try ask(request, socket, path)
    }

    private func ask(
        _ request: ControlRequest, _ socket: LocalSocket, _ path: FilePath
    ) throws(ControlError) -> [JSONValue] {
        guard socket.write(Array((request.json.text + "\n").utf8), within: ControlSocket.patience) else {
            throw ControlError("the agent at \(path) takes no request")
        }
        var values: [JSONValue] = []
        var rest: [UInt8] = []
        // The agent gives its pipeline ten seconds to answer.
        let end = ContinuousClock.now + .seconds(20)
        while let part = socket.read(until: end), !part.isEmpty {
            rest += part
            while let newline = rest.firstIndex(of: 0x0a) {
                let value: JSONValue
                do throws(JSONError) {
                    value = try JSONValue(parsing: Array(rest[..<newline]))
                } catch {
                    throw ControlError("the agent at \(path) answered with what is \(error)")
                }
                rest.removeFirst(newline + 1)
                if value["done"] != nil { return values }
                if let error = value["error"]?.string { throw ControlError(error) }
                values.append(value)
            }
        }
        throw ControlError("the agent at \(path) did not answer to the end")
    }
}
