internal import Primitives

/// The newest offset of each key, for one round of compaction.
///
/// Keys are told apart by 128 bits of a keyed hash (two passes of the standard library's SipHash, under a key that each
/// process draws at random), so that nobody who writes to a topic can craft two keys that are taken for one. That two
/// meet by accident is less likely than that the memory errs. Three words an entry; the memory is fixed when it is made.
struct KeyMap {
    /// Of entries, with the room that a search of few steps needs.
    private static let wordsPerSlot = 3
    private static let slotBytes = 24
    /// Slots for every three entries.
    private static let slotsPerThreeEntries = 4

    /// Most entries.
    let capacity: Int
    private let slots: Int
    /// Per slot: two words of hash and the offset plus one; 0 in a slot that is free.
    private var words: [UInt64]
    private(set) var count = 0

    /// - Parameters:
    ///   - memory: bytes to take at the most; under 4 KiB it takes 4 KiB.
    ///   - expected: no more entries are needed than this, so no memory is taken for more.
    init(memory: Int, expected: Int64) {
        let most = max(1 << 12, memory) / Self.slotBytes * 3 / Self.slotsPerThreeEntries
        capacity = Int(min(Int64(most), max(16, expected)))
        slots = capacity * Self.slotsPerThreeEntries / 3 + 1
        words = [UInt64](repeating: 0, count: slots * Self.wordsPerSlot)
    }

    /// - Returns: false, and nothing changes, where the key is new and there is no room for it.
    mutating func put(_ key: RawSpan, _ offset: Offset) -> Bool {
        let hash = Self.hash(key)
        let slot = slot(of: hash)
        if words[slot + 2] == 0 {
            guard count < capacity else { return false }
            count += 1
        }
        words[slot] = hash.0
        words[slot + 1] = hash.1
        words[slot + 2] = UInt64(offset.value) + 1
        return true
    }

    /// The newest offset of a key; nil for one that was not put in.
    func offset(of key: RawSpan) -> Offset? {
        let found = words[slot(of: Self.hash(key)) + 2]
        return found == 0 ? nil : Offset(Int64(found - 1))
    }

    /// Where the hash stands, or the free slot where it would. There is always a free one.
    private func slot(of hash: (UInt64, UInt64)) -> Int {
        var slot = Int(hash.0 % UInt64(slots))
        while true {
            let word = slot * Self.wordsPerSlot
            if words[word + 2] == 0 || (words[word] == hash.0 && words[word + 1] == hash.1) { return word }
            slot = slot + 1 == slots ? 0 : slot + 1
        }
    }

    private static func hash(_ key: RawSpan) -> (UInt64, UInt64) {
        unsafe key.withUnsafeBytes { bytes in
            var first = Hasher()
            var second = Hasher()
            first.combine(1 as UInt8)
            second.combine(2 as UInt8)
            unsafe first.combine(bytes: bytes)
            unsafe second.combine(bytes: bytes)
            return (UInt64(bitPattern: Int64(first.finalize())), UInt64(bitPattern: Int64(second.finalize())))
        }
    }
}
