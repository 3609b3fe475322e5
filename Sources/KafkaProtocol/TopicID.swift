/// A topic's identity, which a topic of the same name made later does not share (KIP-516): a random UUID.
package struct TopicID: Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// "No id", as the protocol writes it.
    package static let zero = TopicID(high: 0, low: 0)
}
