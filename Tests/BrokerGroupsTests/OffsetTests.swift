import KafkaProtocol
import NIOCore
import Primitives
import Testing

@testable import BrokerCore

@Suite struct OffsetTests {
    private let day: Int64 = 86_400_000

    @Test func `an offset is there when it is durable, and not before`() throws {
        let world = GroupWorld()
        world.writesAtOnce = false
        let token = world.commit(5, metadata: "mine")
        #expect(world.outcome(token) == nil && world.committed() == -1)
        world.finishAppend()
        #expect(world.outcome(token) == ErrorCode.none && world.committed() == 5)
        let failing = world.commit(9)
        world.finishAppend(.kafkaStorageError)
        #expect(world.outcome(failing) == .kafkaStorageError && world.committed() == 5)
        let all = world.table.offsets(of: "g")
        #expect(all.map(\.name) == ["t"] && all[0].partitions[0].metadata == "mine")
    }

    @Test func `members commit in their generation, others only in an empty group`() throws {
        let world = GroupWorld()
        #expect(world.outcome(world.commit(1)) == ErrorCode.none)
        let (members, generation) = try world.stable(2)
        #expect(world.outcome(world.commit(2, members[0], generation)) == ErrorCode.none)
        #expect(world.outcome(world.commit(3, members[0], generation + 1)) == .illegalGeneration)
        #expect(world.outcome(world.commit(3, "nobody", generation)) == .unknownMemberID)
        #expect(world.outcome(world.commit(3)) == .unknownMemberID)
        #expect(world.outcome(world.commit(3, "x", 1, group: "h")) == .groupIDNotFound)
        #expect(world.outcome(world.commit(3, "x", 1, group: "h", version: 8)) == .illegalGeneration)
        #expect(world.committed() == 2)
    }

    @Test func `a member commits while others join, and not between its join and its assignment`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(2)
        let new = try world.joinTwice()
        #expect(world.outcome(world.commit(4, members[0], generation)) == ErrorCode.none)
        members.forEach { world.join($0) }
        #expect(world.state == .completingRebalance)
        #expect(world.outcome(world.commit(5, new.member, generation + 1)) == .rebalanceInProgress)
        #expect(world.committed() == 4)
    }

    @Test func `a commit is a sign of life`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(1)
        for offset in 0..<5 as Range<Int64> {
            world.advance(9000)
            #expect(world.outcome(world.commit(offset, members[0], generation)) == ErrorCode.none)
        }
    }

    @Test func `offsets of a group are kept from when its last member left`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(1)
        world.commit(5, members[0], generation)
        world.commit(6, members[0], generation, topic: "no longer subscribed to")
        for _ in 0..<10 { heartbeats(world, members[0], generation, for: day) }
        #expect(world.committed() == 5)
        #expect(world.committed(topic: "no longer subscribed to") == -1)
        _ = world.leave(members[0])
        world.advance(6 * day)
        #expect(world.committed() == 5)
        world.advance(day + 1_200_000)
        #expect(world.committed() == -1 && world.group == nil)
        #expect(world.stored.groups.isEmpty && world.stored.offsets.isEmpty, "in the log too")
        #expect(world.table.ledger.bytes == 0)
    }

    private func heartbeats(_ world: GroupWorld, _ member: String, _ generation: Int32, for time: Int64) {
        for _ in 0..<time / 9000 {
            world.advance(9000)
            #expect(world.heartbeat(member, generation) == .none)
        }
    }

    @Test func `offsets without a group are kept from their commit, or as long as the client asked`() throws {
        let world = GroupWorld()
        world.commit(5)
        world.commit(6, group: "short", retention: day)
        world.advance(day + 1_200_000)
        #expect(world.committed() == 5 && world.committed(group: "short") == -1)
        world.commit(7)
        world.advance(6 * day)
        #expect(world.committed() == 7)
        world.advance(day + 1_200_000)
        #expect(world.committed() == -1 && world.table.groups.isEmpty)
    }

    @Test func `a commit on its way is not expired`() throws {
        let world = GroupWorld()
        world.commit(5)
        world.writesAtOnce = false
        world.advance(7 * day - 1000)
        let token = world.commit(6)
        world.advance(1_200_000)
        while !world.appends.isEmpty { world.finishAppend() }
        #expect(world.outcome(token) == ErrorCode.none && world.committed() == 6)
    }

    @Test func `groups are deleted with all their offsets, also those on their way`() throws {
        let world = GroupWorld()
        world.commit(5)
        world.writesAtOnce = false
        let late = world.commit(6, partition: 1)
        let token = world.token()
        #expect(world.run { $0.delete(["g", "nowhere"], token) } == [.none, .groupIDNotFound])
        #expect(world.outcome(token) == nil)
        while !world.appends.isEmpty { world.finishAppend() }
        #expect(world.outcome(token) == ErrorCode.none && world.outcome(late) == ErrorCode.none)
        #expect(world.group == nil && world.stored.offsets.isEmpty && world.table.ledger.bytes == 0)
        world.writesAtOnce = true
        _ = try world.stable(1)
        let refused = world.token()
        #expect(world.run { $0.delete(["g"], refused) } == [.nonEmptyGroup])
    }

    @Test func `a group that somebody joins while it is deleted lives on`() throws {
        let world = GroupWorld()
        world.commit(5)
        world.writesAtOnce = false
        let token = world.token()
        world.run { _ = $0.delete(["g"], token) }
        let (member, join) = try world.joinTwice()
        while !world.appends.isEmpty { world.finishAppend() }
        world.advance(3000)
        #expect(world.joined(join)?.memberID == member)
        #expect(world.committed() == -1)
    }

    @Test func `offsets of topics that are subscribed to are not deleted`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(1)
        world.commit(5, members[0], generation)
        world.commit(6, members[0], generation, topic: "other")
        let token = world.token()
        let topics = ["t", "other"].map { OffsetDeleteRequest.Topic(name: $0, partitions: [0, 1]) }
        let result = world.run { $0.deleteOffsets(of: "g", topics, token) }
        #expect(result.code == .none && result.topics == [.groupSubscribedToTopic, .none])
        #expect(world.committed() == 5 && world.committed(topic: "other") == -1)
        let missing = world.token()
        #expect(world.run { $0.deleteOffsets(of: "nowhere", topics, missing) }.code == .groupIDNotFound)
    }

    @Test func `offsets go with their topic`() throws {
        let world = GroupWorld()
        for partition in 0..<2500 as Range<Int32> { world.commit(1, topic: "gone", partition: partition) }
        world.commit(2)
        world.run { $0.forget(topics: { $0 == "gone" }, nil) }
        #expect(world.committed(topic: "gone", partition: 2400) == -1 && world.committed() == 2)
        #expect(world.stored.offsets.count == 1)
    }

    @Test func `offsets have a bound in memory, and those that are there can still move`() throws {
        let world = GroupWorld { $0.maximumBytes = 20_000 }
        var codes: [ErrorCode] = []
        for partition in 0..<200 as Range<Int32> {
            codes.append(try #require(world.outcome(world.commit(1, partition: partition))))
        }
        #expect(codes.first == ErrorCode.none && codes.last == .invalidCommitOffsetSize)
        #expect(world.outcome(world.commit(2)) == ErrorCode.none)
        #expect(world.table.ledger.bytes <= 20_000)
    }
}
