/// Where a broker listens: a name or an address, and a port.
package struct BrokerAddress: Hashable, Sendable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`, `[IPV6]:PORT`, or `HOST` alone with Kafka's usual port.
    package init(_ text: String) throws(KafkaClientError) {
        func invalid() -> KafkaClientError { .invalidArgument("'\(text)' is not HOST:PORT") }
        let portText: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw invalid() }
            host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw invalid() }
            portText = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            host = String(text[..<colon])
            // More colons are an IPv6 address without its brackets, whose last group is no port.
            guard !host.contains(":") else { throw invalid() }
            portText = text[text.index(after: colon)...]
        } else {
            host = text
            portText = nil
        }
        guard let port = portText.map({ Int($0) }) ?? Self.defaultPort, (1...65535).contains(port), !host.isEmpty,
            !host.contains(where: \.isWhitespace)
        else { throw invalid() }
        self.port = port
    }

    /// Reads addresses separated by commas.
    package static func list(_ text: String) throws(KafkaClientError) -> [BrokerAddress] {
        var addresses: [BrokerAddress] = []
        for part in text.split(separator: ",") {
            let trimmed = part.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
            addresses.append(try BrokerAddress(String(trimmed)))
        }
        guard !addresses.isEmpty else { throw .invalidArgument("no address of a broker is given") }
        return addresses
    }

    package static let defaultPort = 9092

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
