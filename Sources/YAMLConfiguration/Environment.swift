#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#endif

/// The variables that `${env:NAME}` stands for. Passed in, so that tests decide what is set.
package struct Environment: Sendable {
    private let lookup: @Sendable (String) -> String?

    package init(_ variables: [String: String]) { lookup = { variables[$0] } }

    private init(lookup: @escaping @Sendable (String) -> String?) { self.lookup = lookup }

    /// The process's own.
    package static var process: Environment {
        Environment { name in unsafe getenv(name).map { unsafe String(cString: $0) } }
    }

    package subscript(_ name: String) -> String? { lookup(name) }
}

/// Why a text with `${env:…}` could not be filled in.
struct InterpolationError: Error {
    var message: String
}

extension Environment {
    static let opening = "${env:"

    /// Replaces `${env:NAME}` by the variable's value, and `${env:NAME:-text}` by `text` where the variable is unset or
    /// empty. `$${env:` stands for `${env:` itself; any other `$` is left alone. Values are not looked through again.
    func fill(_ text: String) throws(InterpolationError) -> String {
        var filled = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            filled += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$" + Self.opening) {
                filled += Self.opening
                rest = rest.dropFirst(1 + Self.opening.count)
            } else if rest.hasPrefix(Self.opening) {
                guard let end = rest.firstIndex(of: "}") else {
                    throw InterpolationError(message: "${env:… is not closed by }; write $${env: for the characters")
                }
                filled += try value(of: rest[..<end].dropFirst(Self.opening.count))
                rest = rest[end...].dropFirst()
            } else {
                filled += "$"
                rest = rest.dropFirst()
            }
        }
        return filled + rest
    }

    /// - Parameter reference: `NAME` or `NAME:-text`.
    private func value(of reference: Substring) throws(InterpolationError) -> String {
        let end = reference.firstIndex(of: ":") ?? reference.endIndex
        let (name, rest) = (String(reference[..<end]), reference[end...])
        guard Self.isName(name), rest.isEmpty || rest.hasPrefix(":-") else {
            throw InterpolationError(
                message: "expected ${env:NAME} or ${env:NAME:-default}, found \(quoted("${env:\(reference)}"))")
        }
        if rest.isEmpty {
            guard let value = self[name] else {
                throw InterpolationError(
                    message: "the environment variable \(name) is not set; ${env:\(name):-…} would give a default")
            }
            return value
        }
        if let value = self[name], !value.isEmpty { return value }
        return String(rest.dropFirst(2))
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_")
        }
    }
}
