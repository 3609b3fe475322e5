package import FileTailing
internal import Primitives
package import SystemPackage

/// What a person asks of the agent. One line of JSON each way to begin with:
///
///     {"command":"files"}
///     {"command":"explain","path":"/var/log/app.log"}
///     {"command":"seek","path":"/var/log/app.log","to":"beginning"|"end"|"5000"}
///     {"command":"reload"}
///     {"command":"status"}
///
/// The answer is any number of objects, a line each, and as the last line {"done":true} or {"error":"why"}.
package enum ControlRequest: Sendable, Equatable {
    case files
    case explain(FilePath)
    case seek(FilePath, to: SeekTarget)
    case reload
    case status

    package init(parsing line: [UInt8]) throws(ControlError) {
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue(parsing: line) } catch { throw ControlError("\(error)") }
        func path() throws(ControlError) -> FilePath {
            guard let text = json["path"]?.string else { throw ControlError("\"path\" is missing") }
            return try Self.path(text)
        }
        switch json["command"]?.string {
        case "files": self = .files
        case "explain": self = .explain(try path())
        case "seek":
            guard let to = json["to"]?.string else { throw ControlError("\"to\" is missing") }
            self = .seek(try path(), to: try SeekTarget(parsing: to))
        case "reload": self = .reload
        case "status": self = .status
        case nil: throw ControlError("\"command\" is missing")
        case let name?: throw ControlError("no command \"\(name)\"; there are files, explain, seek, reload and status")
        }
    }

    var json: JSONValue {
        switch self {
        case .files: .object(["command": .string("files")])
        case .explain(let path): .object(["command": .string("explain"), "path": .string(path.string)])
        case .seek(let path, let target):
            .object(["command": .string("seek"), "path": .string(path.string), "to": .string(target.text)])
        case .reload: .object(["command": .string("reload")])
        case .status: .object(["command": .string("status")])
        }
    }

    /// - Throws: for a path that is not absolute.
    package static func path(_ text: String) throws(ControlError) -> FilePath {
        let path = FilePath(text).lexicallyNormalized()
        guard path.isAbsolute else { throw ControlError("\"\(text)\" is no absolute path") }
        return path
    }
}

/// Why a request was not carried out.
package struct ControlError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

extension SeekTarget {
    package init(parsing text: String) throws(ControlError) {
        switch text {
        case "beginning": self = .beginning
        case "end": self = .end
        default:
            guard let offset = Int64(text), offset >= 0 else {
                throw ControlError("\"\(text)\" is no place to read from: beginning, end, or a number of bytes")
            }
            self = .offset(offset)
        }
    }

    var text: String {
        switch self {
        case .beginning: "beginning"
        case .end: "end"
        case .offset(let offset): String(offset)
        }
    }
}
