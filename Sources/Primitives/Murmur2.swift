/// The 32-bit murmur2 hash as Kafka's default partitioner uses it.
///
/// Source: Apache Kafka, `org.apache.kafka.common.utils.Utils.murmur2` (seed 0x9747b28c).
package func murmur2(_ bytes: RawSpan) -> UInt32 {
    let multiplier: UInt32 = 0x5bd1_e995
    let length = bytes.byteCount
    var hash = UInt32(0x9747_b28c) ^ UInt32(truncatingIfNeeded: length)

    var position = 0
    while length - position >= 4 {
        var word = bytes.littleEndian(UInt32.self, at: position)
        word &*= multiplier
        word ^= word >> 24
        word &*= multiplier
        hash &*= multiplier
        hash ^= word
        position += 4
    }
    let rest = length - position
    if rest >= 3 { hash ^= UInt32(bytes.byte(at: position + 2)) << 16 }
    if rest >= 2 { hash ^= UInt32(bytes.byte(at: position + 1)) << 8 }
    if rest >= 1 {
        hash ^= UInt32(bytes.byte(at: position))
        hash &*= multiplier
    }
    hash ^= hash >> 13
    hash &*= multiplier
    hash ^= hash >> 15
    return hash
}

/// The partition that Kafka's default partitioner gives a keyed record: the hash without its sign bit, modulo the
/// number of partitions.
///
/// - Parameter partitionCount: at least 1.
package func defaultPartition(forKey key: RawSpan, partitionCount: Int) -> Int {
    precondition(partitionCount > 0, "BUG: a topic without partitions has no partition for a key")
    return Int(murmur2(key) & 0x7fff_ffff) % partitionCount
}
