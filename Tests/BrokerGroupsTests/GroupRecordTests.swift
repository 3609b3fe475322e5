import KafkaProtocol
import NIOCore
import Primitives
import Testing

@testable import BrokerCore

@Suite struct GroupRecordTests {
    private let offset = GroupRecord.offset(
        OffsetKey(group: "grp", topic: "top", partition: 7),
        CommittedOffset(
            offset: Offset(0x0102), leaderEpoch: LeaderEpoch(3), metadata: "m",
            commitTime: Timestamp(milliseconds: 0x0a0b)))

    private let group = GroupRecord.group(
        "grp",
        GroupMetadata(
            protocolType: "consumer", generation: 5, protocolName: "range", leader: "a-1",
            since: Timestamp(milliseconds: 99),
            members: [
                .init(
                    id: "a-1", instanceID: nil, clientID: "a", clientHost: "/h", rebalanceMilliseconds: 30_000,
                    sessionMilliseconds: 10_000, subscription: ByteBuffer(bytes: [1, 2]),
                    assignment: ByteBuffer(bytes: [3])),
                .init(
                    id: "b-2", instanceID: "i", clientID: "", clientHost: "", rebalanceMilliseconds: 1,
                    sessionMilliseconds: 2, subscription: ByteBuffer(), assignment: ByteBuffer()),
            ]))

    private func bytes(_ buffer: ByteBuffer?) -> [UInt8] { Array((buffer ?? ByteBuffer()).readableBytesView) }

    @Test func `records are laid out as Kafka lays them out`() {
        #expect(
            bytes(offset.key) == [0, 1, 0, 3] + Array("grp".utf8) + [0, 3] + Array("top".utf8) + [0, 0, 0, 7])
        #expect(
            bytes(offset.value) == [0, 3] + [0, 0, 0, 0, 0, 0, 1, 2] + [0, 0, 0, 3] + [0, 1, 0x6d]
                + [0, 0, 0, 0, 0, 0, 0x0a, 0x0b])
        #expect(bytes(group.key) == [0, 2, 0, 3] + Array("grp".utf8))
        let head: [UInt8] = [0, 3, 0, 8] + Array("consumer".utf8) + [0, 0, 0, 5, 0, 5] + Array("range".utf8)
        let leader: [UInt8] = [0, 3] + Array("a-1".utf8) + [0, 0, 0, 0, 0, 0, 0, 99] + [0, 0, 0, 2]
        let first: [UInt8] =
            [0, 3] + Array("a-1".utf8) + [0xff, 0xff, 0, 1, 0x61, 0, 2, 0x2f, 0x68]
            + [0, 0, 0x75, 0x30, 0, 0, 0x27, 0x10] + [0, 0, 0, 2, 1, 2] + [0, 0, 0, 1, 3]
        #expect(bytes(group.value).starts(with: head + leader + first))
    }

    @Test func `records are read back, and tombstones too`() throws {
        let expiring = CommittedOffset(
            offset: Offset(1), commitTime: Timestamp(milliseconds: 2), expireTime: Timestamp(milliseconds: 3))
        let key = OffsetKey(group: "ü", topic: "t", partition: 0)
        for record in [offset, group, .offset(key, nil), .offset(key, expiring), .group("g", nil)] {
            #expect(try GroupRecord(key: record.key, value: record.value) == record)
        }
    }

    @Test func `older and newer versions of Kafka's are read`() throws {
        let key = offset.key
        let old: [UInt8] = [0, 0] + [0, 0, 0, 0, 0, 0, 0, 9] + [0, 0] + [0, 0, 0, 0, 0, 0, 0, 1]
        let read = try GroupRecord(key: key, value: ByteBuffer(bytes: old))
        guard case .offset(_, let value?) = read else {
            Issue.record("not an offset")
            return
        }
        #expect(value.offset == Offset(9) && value.leaderEpoch == .unknown)
        let new: [UInt8] =
            [0, 4] + [0, 0, 0, 0, 0, 0, 0, 9] + [0, 0, 0, 2] + [2, 0x6d] + [0, 0, 0, 0, 0, 0, 0, 1] + [0]
        guard case .offset(_, let flexible?) = try GroupRecord(key: key, value: ByteBuffer(bytes: new)) else {
            Issue.record("not an offset")
            return
        }
        #expect(flexible.metadata == "m" && flexible.leaderEpoch == LeaderEpoch(2))
        // A consumer group of the new protocol (key 3).
        #expect(try GroupRecord(key: ByteBuffer(bytes: [0, 3, 0, 1, 0x67]), value: ByteBuffer()) == nil)
        #expect(throws: WireError.self) { try GroupRecord(key: key, value: ByteBuffer(bytes: [0, 9, 0, 0])) }
    }

    @Test func `what is cut short at any length, or has any bit flipped, is an error or another record`() throws {
        for record in [offset, group] {
            let key = bytes(record.key)
            let value = bytes(record.value)
            for length in 0..<key.count {
                #expect(throws: WireError.self) {
                    try GroupRecord(key: ByteBuffer(bytes: key.prefix(length)), value: record.value)
                }
            }
            for length in 0..<value.count {
                #expect(throws: WireError.self) {
                    try GroupRecord(key: record.key, value: ByteBuffer(bytes: value.prefix(length)))
                }
            }
            for bit in 0..<value.count * 8 {
                var flipped = value
                flipped[bit / 8] ^= 1 << (bit % 8)
                let read = try? GroupRecord(key: record.key, value: ByteBuffer(bytes: flipped))
                // A table takes whatever can be read.
                guard let read else { continue }
                var stored = StoredGroups()
                stored.apply(read)
                let table = GroupTable(GroupSettings(), now: GroupTime(uptime: 0, wall: Timestamp(milliseconds: 0)))
                table.restore(stored)
                table.tick()
            }
        }
    }
}
