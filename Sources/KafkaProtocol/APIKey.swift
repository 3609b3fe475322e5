/// The number of an API.
///
/// A value that is not among the named ones is kept as it came, so that it can be answered.
package struct APIKey: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package var rawValue: Int16

    package init(rawValue: Int16) { self.rawValue = rawValue }

    package static func < (left: APIKey, right: APIKey) -> Bool { left.rawValue < right.rawValue }

    /// Kafka's own name for it, "InitProducerId" for instance; nil where it is not known.
    package var name: String? { entry?.name }

    package var description: String { name ?? "API \(rawValue)" }

    /// The first version with compact lengths and tagged fields (KIP-482), of APIs that Kafka has, spoken here or not;
    /// nil where there is none.
    package var firstFlexibleVersion: Int16? { entry?.firstFlexible }

    /// The version of the header that a request of `version` has: with tagged fields from 2, with a client id from 1.
    package func requestHeaderVersion(_ version: Int16) -> Int16 {
        if self == .controlledShutdown && version == 0 { return 0 }
        return isFlexible(version) ? 2 : 1
    }

    /// The version of the header that a response of `version` has: with tagged fields from 1. That of ApiVersions never
    /// has any, for it must be readable before the versions are known.
    package func responseHeaderVersion(_ version: Int16) -> Int16 {
        self != .apiVersions && isFlexible(version) ? 1 : 0
    }

    private func isFlexible(_ version: Int16) -> Bool { firstFlexibleVersion.map { version >= $0 } ?? false }

    private var entry: (name: String, firstFlexible: Int16?)? {
        Self.known.indices.contains(Int(rawValue)) ? Self.known[Int(rawValue)] : nil
    }
}
