/// A host and a port: `collector.example:9092`, `127.0.0.1:9092`, `[::1]:9092`.
package struct HostPort: Sendable, Hashable, CustomStringConvertible {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// - Returns: nil where it is not a host and a port from 0 to 65535 with a colon between.
    package init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        guard let port = parseInteger(String(text[colon...].dropFirst())), (0...65535).contains(port) else {
            return nil
        }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = host.dropFirst().dropLast()
            guard address.contains(":"), Self.isIPv6(address) else { return nil }
            self.init(host: String(address), port: port)
        } else {
            guard Self.isName(host) else { return nil }
            self.init(host: String(host), port: port)
        }
    }

    /// Whether it stands for all addresses of a machine: good to listen on, not to connect to.
    package var isWildcard: Bool { host == "0.0.0.0" || host == "::" }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// As far as to keep typing errors out; the resolver has the last word.
    private static func isName(_ host: Substring) -> Bool {
        guard (1...253).contains(host.utf8.count), host.first != "-", host.first != "." else { return false }
        guard host.utf8.allSatisfy({ isLetterOrDigit($0) || "-._".utf8.contains($0) }) else { return false }
        guard host.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }) else { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { parseInteger(String($0)).map { $0 <= 255 } ?? false }
    }

    /// With an optional zone (`fe80::1%eth0`).
    private static func isIPv6(_ address: Substring) -> Bool {
        let parts = address.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        return parts[0].utf8.count <= 45
            && parts[0].utf8.allSatisfy { isHexadecimal($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
            && (parts.count == 1 || (!parts[1].isEmpty && parts[1].utf8.allSatisfy(isLetterOrDigit)))
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }
}

extension Form where Value == HostPort {
    /// An address to connect to.
    package static var hostPort: Form {
        .parsed("HOST:PORT with a port from 1 to 65535, such as 127.0.0.1:9092 or [::1]:9092") { text in
            HostPort(parsing: text).flatMap { $0.port > 0 ? $0 : nil }
        }
    }

    /// An address to listen on; port 0 asks for a free one.
    package static var listeningAddress: Form {
        .parsed("HOST:PORT with a port from 0 (any free one) to 65535, such as 127.0.0.1:9092 or 0.0.0.0:9092") {
            HostPort(parsing: $0)
        }
    }
}

extension HostPort {
    /// An address to connect to, from the command line.
    ///
    /// - Parameter option: the option's name, for the error's sake.
    package init(option: String, _ text: String, allowingPortZero: Bool = false) throws(ConfigurationError) {
        guard let parsed = HostPort(parsing: text), parsed.port > 0 || allowingPortZero else {
            let form = allowingPortZero ? Form.listeningAddress : Form.hostPort
            throw ConfigurationError([
                ConfigurationProblem(source: option, message: "expected \(form.expectation), found \(quoted(text))")
            ])
        }
        self = parsed
    }
}
