package import Primitives

/// The fields that have a type of their own, and arrays of the usual elements.
extension WireWriter {
    package mutating func offset(_ offset: Offset) { integer(offset.value) }

    package mutating func timestamp(_ timestamp: Timestamp) { integer(timestamp.milliseconds) }

    package mutating func leaderEpoch(_ epoch: LeaderEpoch) { integer(epoch.value) }

    package mutating func producerID(_ id: ProducerID) { integer(id.value) }

    package mutating func producerEpoch(_ epoch: ProducerEpoch) { integer(epoch.value) }

    /// An epoch in four bytes, as DescribeProducers has it.
    package mutating func wideProducerEpoch(_ epoch: ProducerEpoch) { integer(Int32(epoch.value)) }

    package mutating func sequenceNumber(_ number: SequenceNumber) { integer(number.value) }

    package mutating func errorCode(_ code: ErrorCode) { integer(code.rawValue) }

    /// A text for people. Where it is longer than any length field can say, its end is left out: an error message that
    /// quotes what a client sent must not stop the server.
    package mutating func message(_ text: String?, flexible: Bool) {
        guard let text, text.utf8.count > Int(Int16.max) else { return nullableString(text, flexible: flexible) }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: Int(Int16.max))
        // Back to the start of a character.
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        nullableString(String(text[..<end]), flexible: flexible)
    }

    package mutating func integers(_ values: [some FixedWidthInteger], flexible: Bool) {
        array(values, flexible: flexible) { writer, value in writer.integer(value) }
    }

    package mutating func nullableIntegers(_ values: [Int32]?, flexible: Bool) {
        nullableArray(values, flexible: flexible) { writer, value in writer.integer(value) }
    }

    package mutating func nullableStrings(_ values: [String]?, flexible: Bool) {
        nullableArray(values, flexible: flexible) { writer, value in writer.string(value, flexible: flexible) }
    }

    package mutating func strings(_ values: [String], flexible: Bool) {
        array(values, flexible: flexible) { writer, value in writer.string(value, flexible: flexible) }
    }

    /// A message that may be null: a byte says so, negative where it is.
    package mutating func nullableMessage(_ message: (some KafkaMessage)?, version: Int16) {
        integer(Int8(message == nil ? -1 : 1))
        message?.write(to: &self, version: version)
    }

    package mutating func nullableMessages(_ messages: [some KafkaMessage]?, flexible: Bool, version: Int16) {
        nullableArray(messages, flexible: flexible) { writer, message in message.write(to: &writer, version: version) }
    }

    package mutating func messages(_ messages: [some KafkaMessage], flexible: Bool, version: Int16) {
        nullableMessages(messages, flexible: flexible, version: version)
    }
}

/// A section of tagged fields being put together, in ascending order of their tags. Fields that hold their default are
/// left out: old clients break on some of them.
package struct TaggedFields {
    package private(set) var fields: [(tag: UInt32, content: WireWriter)] = []

    package init() {}

    package mutating func add(_ tag: UInt32, _ write: (inout WireWriter) -> Void) {
        precondition(fields.last.map { $0.tag < tag } ?? true, "BUG: tag \(tag) is out of order")
        var content = WireWriter()
        write(&content)
        fields.append((tag, content))
    }
}
