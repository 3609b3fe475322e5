/// A message body of the protocol, or a part of one: of one API, in any of the versions spoken.
package protocol KafkaMessage: Sendable {
    /// Decodes the body; `reader` stands behind the header. Fields that `version` does not have get their defaults.
    init(from reader: inout WireReader, version: Int16) throws(WireError)

    /// Encodes the body in `version`, which is one of the spoken ones. Fields that it does not have are left out.
    func write(to writer: inout WireWriter, version: Int16)
}

/// A request's body, with what is common to its API.
package protocol KafkaRequest: KafkaMessage {
    associatedtype Response: KafkaMessage

    static var key: APIKey { get }
    /// The versions that this implementation decodes and encodes.
    static var versions: ClosedRange<Int16> { get }
    /// The versions that a server should claim to speak, which clients in the wild make wider than `versions`.
    static var advertisedVersions: ClosedRange<Int16> { get }
    /// The first version with compact lengths and tagged fields (KIP-482); nil where there is none.
    static var firstFlexibleVersion: Int16? { get }
    /// The last version for whoever does not follow the ids of topics: in later ones they have no names (KIP-516).
    static var lastVersionByName: Int16 { get }
    /// How many bytes may follow a request of this API, for clients in the wild that send too many.
    static var strayBytes: Int { get }
}

extension KafkaRequest {
    package static var advertisedVersions: ClosedRange<Int16> { versions }
    package static var lastVersionByName: Int16 { versions.upperBound }
    package static var strayBytes: Int { 0 }

    package static func isFlexible(_ version: Int16) -> Bool {
        firstFlexibleVersion.map { version >= $0 } ?? false
    }
}
