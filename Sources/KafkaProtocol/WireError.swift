/// Bytes that are not the message they claim to be.
package struct WireError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        case endOfMessage
        case lengthOutOfRange(Int64)
        case valueOutOfRange(Int64)
        case tooManyElements
        case varintTooLong
        case nullNotAllowed
        case invalidUTF8
        case trailingBytes(Int)
        case unsupportedVersion(Int16)
    }

    package var reason: Reason
    /// The byte in the message where decoding stopped.
    package var position: Int

    package init(_ reason: Reason, at position: Int) {
        self.reason = reason
        self.position = position
    }

    package var description: String {
        let what =
            switch reason {
            case .endOfMessage: "the message ends early"
            case .lengthOutOfRange(let length): "a length of \(length) is out of range"
            case .valueOutOfRange(let value): "a value of \(value) is out of range"
            case .tooManyElements: "the arrays have too many elements"
            case .varintTooLong: "a varint is too long"
            case .nullNotAllowed: "null where a value is needed"
            case .invalidUTF8: "a string is not UTF-8"
            case .trailingBytes(let count): "\(count) bytes follow the message's end"
            case .unsupportedVersion(let version): "version \(version) is not spoken"
            }
        return "\(what), at byte \(position)"
    }
}
