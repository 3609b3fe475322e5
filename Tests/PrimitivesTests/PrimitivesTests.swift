import CCRC32C
import Primitives
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

private func checksum(_ bytes: [UInt8]) -> UInt32 { CRC32C.of(bytes.rawBytes) }
private func hash(_ text: String) -> Int32 { Int32(bitPattern: murmur2(Array(text.utf8).rawBytes)) }
private func readSigned(_ bytes: [UInt8]) -> (value: Int64?, position: Int) {
    var position = 0
    let value = Varint.readSigned(bytes.rawBytes, at: &position)
    return (value, position)
}

@Suite struct ChecksumTests {
    @Test func `CRC-32C gives the check values of RFC 3720`() {
        #expect(checksum(Array("123456789".utf8)) == 0xe306_9283)
        #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(checksum((0..<32).map { UInt8($0) }) == 0x46dd_794e)
    }

    @Test func `the instruction and the table agree at every length and alignment`() {
        let bytes = (0..<600).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 3) }
        bytes.withUnsafeBytes { all in
            for start in 0..<9 {
                for length in 0..<(all.count - start) {
                    let base = all.baseAddress! + start
                    #expect(tributary_crc32c(7, base, length) == tributary_crc32c_table(7, base, length))
                }
            }
        }
    }

    @Test func `a checksum fed in pieces is that of the whole`() {
        let bytes = Array("no line lost, none twice".utf8)
        var pieces = CRC32C()
        for byte in bytes { pieces.update([byte].rawBytes) }
        #expect(pieces.value == checksum(bytes))
    }
}

@Suite struct PartitionerTests {
    // Values of Kafka's own UtilsTest.testMurmur2.
    @Test(arguments: [
        ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
    ])
    func `murmur2 hashes as Kafka does`(key: String, expected: Int32) {
        #expect(hash(key) == expected)
    }
}

@Suite struct VarintTests {
    @Test(arguments: [0, 1, -1, 63, -64, 64, 300, -300, Int64(Int32.max), Int64(Int32.min), Int64.max, Int64.min])
    func `a signed varint reads back as written, in the length foretold`(value: Int64) {
        var bytes: [UInt8] = []
        bytes.appendVarint(signed: value)
        #expect(bytes.count == Varint.length(signed: value))
        let read = readSigned(bytes)
        #expect(read.value == value)
        #expect(read.position == bytes.count)
    }

    @Test func `a varint that ends early or runs past 64 bits is refused`() {
        for bytes in [[], [0x80], [UInt8](repeating: 0x80, count: 9), [UInt8](repeating: 0xff, count: 11)] as [[UInt8]]
        {
            #expect(readSigned(bytes).value == nil)
        }
    }
}

@Suite struct SequenceNumberTests {
    @Test func `sequences wrap from 2147483647 to 0`() {
        let last = SequenceNumber(.max)
        #expect(last.advanced(by: 1) == SequenceNumber(0))
        #expect(SequenceNumber(0).advanced(by: -1) == last)
        #expect(SequenceNumber(3).distance(from: last) == 4)
        #expect(last.distance(from: SequenceNumber(3)) == -4)
    }
}

@Suite struct ResidentMemoryTests {
    /// How much of the files that hold programs is resident, in KiB (proc_pid_smaps(5)).
    private func residentProgram() throws -> Int {
        guard let file = unsafe fopen("/proc/self/smaps", "r") else { throw CannotRead() }
        defer { unsafe _ = fclose(file) }
        var line = [CChar](repeating: 0, count: 8192)
        var isProgram = false
        var sum = 0
        while unsafe fgets(&line, CInt(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.contains(" r-xp ") { isProgram = true } else if text.contains("-p ") { isProgram = false }
            if isProgram, text.hasPrefix("Rss:") { sum += Int(text.split(separator: " ")[1]) ?? 0 }
        }
        return sum
    }

    private struct CannotRead: Error {}

    @Test func `what is given back of a program is read again when it is needed`() throws {
        let before = try residentProgram()
        ResidentMemory.giveBackUnused()
        let after = try residentProgram()
        // Tests beside this one fetch parts of it back meanwhile, but not all.
        #expect(after < before / 2, "resident were \(before) KiB of programs, and then \(after)")
    }
}
