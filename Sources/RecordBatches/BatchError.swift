package import Primitives

/// What is wrong with a batch.
package enum BatchError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Fewer bytes than a header, or than the header says.
    case incomplete(needed: Int, available: Int)
    /// A length that no batch can have.
    case lengthOutOfRange(Int32)
    case unsupportedMagic(Int8)
    case checksumMismatch(stored: UInt32, computed: UInt32)
    case unknownCodec(Int16)
    /// This build cannot read or write the codec; such batches are only passed through.
    case codecNotSupported(CompressionCodec)
    /// The record count and the last offset delta contradict each other.
    case countMismatch(count: Int32, lastOffsetDelta: Int32)
    case offsetsOutOfRange(Offset, lastOffsetDelta: Int32)
    /// A producer id without epoch or sequence, or the other way round.
    case incompleteProducer(ProducerID, ProducerEpoch, SequenceNumber)
    /// The compressed bytes are damaged.
    case notDecompressible(CompressionCodec)
    /// The records are larger than whoever reads them allows.
    case tooLarge(limit: Int)
    /// Record number `index` of the batch does not have the layout of one.
    case malformedRecord(index: Int)

    package var description: String {
        switch self {
        case .incomplete(let needed, let available): "the batch needs \(needed) bytes, \(available) are there"
        case .lengthOutOfRange(let length): "a batch length of \(length) is out of range"
        case .unsupportedMagic(let magic): "magic \(magic) is not spoken, only 2 is"
        case .checksumMismatch(let stored, let computed):
            "the checksum is \(String(stored, radix: 16)), the bytes give \(String(computed, radix: 16))"
        case .unknownCodec(let number): "compression codec \(number) is unknown"
        case .codecNotSupported(let codec): "\(codec.name) is not supported by this program"
        case .countMismatch(let count, let delta): "\(count) records do not fit a last offset delta of \(delta)"
        case .offsetsOutOfRange(let base, let delta):
            "no offsets go from \(base) on with a last offset delta of \(delta)"
        case .incompleteProducer(let id, let epoch, let sequence):
            "producer id \(id), epoch \(epoch.value) and sequence \(sequence) do not go together"
        case .notDecompressible(let codec): "the \(codec.name) bytes are damaged"
        case .tooLarge(let limit): "the records take more than \(limit) bytes"
        case .malformedRecord(let index): "record \(index) is malformed"
        }
    }
}
