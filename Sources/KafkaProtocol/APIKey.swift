/// The number of an API.
///
/// A value that is not among the named ones is kept as it came, so that it can be answered.
package struct APIKey: RawRepresentable, Hashable, Comparable, Sendable {
    package var rawValue: Int16

    package init(rawValue: Int16) { self.rawValue = rawValue }

    package static func < (left: APIKey, right: APIKey) -> Bool { left.rawValue < right.rawValue }

    package static let produce = APIKey(rawValue: 0)
    package static let fetch = APIKey(rawValue: 1)
    package static let listOffsets = APIKey(rawValue: 2)
    package static let metadata = APIKey(rawValue: 3)
    package static let apiVersions = APIKey(rawValue: 18)
    package static let createTopics = APIKey(rawValue: 19)
    package static let initProducerID = APIKey(rawValue: 22)
    package static let describeProducers = APIKey(rawValue: 61)
}
