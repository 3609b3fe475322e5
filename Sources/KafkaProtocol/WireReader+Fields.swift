package import Primitives

/// The fields that have a type of their own, and arrays of the usual elements.
extension WireReader {
    package mutating func offset() throws(WireError) -> Offset { Offset(try integer()) }

    package mutating func timestamp() throws(WireError) -> Timestamp { Timestamp(milliseconds: try integer()) }

    package mutating func leaderEpoch() throws(WireError) -> LeaderEpoch { LeaderEpoch(try integer()) }

    package mutating func producerID() throws(WireError) -> ProducerID { ProducerID(try integer()) }

    package mutating func producerEpoch() throws(WireError) -> ProducerEpoch { ProducerEpoch(try integer()) }

    /// An epoch in four bytes, as DescribeProducers has it.
    package mutating func wideProducerEpoch() throws(WireError) -> ProducerEpoch {
        let value = try integer(Int32.self)
        guard let epoch = Int16(exactly: value) else { throw fail(.valueOutOfRange(Int64(value))) }
        return ProducerEpoch(epoch)
    }

    package mutating func sequenceNumber() throws(WireError) -> SequenceNumber { SequenceNumber(try integer()) }

    package mutating func errorCode() throws(WireError) -> ErrorCode { ErrorCode(rawValue: try integer()) }

    package mutating func isolationLevel() throws(WireError) -> IsolationLevel {
        let value = try integer(Int8.self)
        guard let level = IsolationLevel(rawValue: value) else { throw fail(.valueOutOfRange(Int64(value))) }
        return level
    }

    package mutating func integers<Integer: FixedWidthInteger>(_: Integer.Type = Integer.self, flexible: Bool)
        throws(WireError) -> [Integer]
    {
        try array(flexible: flexible, minimumElementSize: Integer.bitWidth / 8) { reader throws(WireError) in
            try reader.integer()
        }
    }

    package mutating func nullableIntegers(flexible: Bool) throws(WireError) -> [Int32]? {
        try nullableArray(flexible: flexible, minimumElementSize: 4) { reader throws(WireError) in
            try reader.integer()
        }
    }

    package mutating func nullableStrings(flexible: Bool) throws(WireError) -> [String]? {
        try nullableArray(flexible: flexible, minimumElementSize: flexible ? 1 : 2) { reader throws(WireError) in
            try reader.string(flexible: flexible)
        }
    }

    package mutating func strings(flexible: Bool) throws(WireError) -> [String] {
        try array(flexible: flexible, minimumElementSize: flexible ? 1 : 2) { reader throws(WireError) in
            try reader.string(flexible: flexible)
        }
    }

    /// A message that may be null: a byte says so, negative where it is.
    package mutating func nullableMessage<Message: KafkaMessage>(version: Int16) throws(WireError) -> Message? {
        try integer(Int8.self) < 0 ? nil : Message(from: &self, version: version)
    }

    package mutating func nullableMessages<Message: KafkaMessage>(
        flexible: Bool, version: Int16
    ) throws(WireError) -> [Message]? {
        try nullableArray(flexible: flexible, minimumElementSize: 2) { reader throws(WireError) in
            try Message(from: &reader, version: version)
        }
    }

    package mutating func messages<Message: KafkaMessage>(
        flexible: Bool, version: Int16
    ) throws(WireError) -> [Message] {
        try array(flexible: flexible, minimumElementSize: 2) { reader throws(WireError) in
            try Message(from: &reader, version: version)
        }
    }
}
