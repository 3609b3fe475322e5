/// A message body of the protocol: a request or a response of one API, in any of the versions spoken.
package protocol KafkaMessage: Sendable {
    /// Decodes the body; `reader` stands behind the header.
    init(from reader: inout WireReader, version: Int16) throws(WireError)

    /// Encodes the body in `version`, which is one of the spoken ones.
    func write(to writer: inout WireWriter, version: Int16)
}

/// A request's body, with what is common to its API.
package protocol KafkaRequest: KafkaMessage {
    associatedtype Response: KafkaMessage

    static var key: APIKey { get }
    /// The versions that this implementation decodes and encodes.
    static var versions: ClosedRange<Int16> { get }
    /// The first version with compact lengths and tagged fields (KIP-482); nil where there is none.
    static var firstFlexibleVersion: Int16? { get }
}

extension KafkaRequest {
    package static func isFlexible(_ version: Int16) -> Bool {
        firstFlexibleVersion.map { version >= $0 } ?? false
    }
}
