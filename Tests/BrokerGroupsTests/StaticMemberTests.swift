import KafkaProtocol
import NIOCore
import Testing

@testable import BrokerCore

@Suite struct StaticMemberTests {
    @Test func `a static member that comes back takes its place without a rebalance`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(2, instances: ["a", "b"])
        let answer = try #require(world.joined(world.join(instance: "b")))
        #expect(answer.errorCode == .none && answer.generationID == generation && answer.memberID != members[1])
        #expect(world.state == .stable)
        #expect(world.heartbeat(members[0], generation, instance: "a") == .none)
        let sync = world.sync(answer.memberID, generation, instance: "b")
        #expect(world.synced(sync)?.assignment == ByteBuffer(string: "for \(members[1])"))
    }

    @Test func `whoever had the instance before is fenced`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(2, instances: ["a", "b"])
        world.join(instance: "b")
        #expect(world.heartbeat(members[1], generation, instance: "b") == .fencedInstanceID)
        #expect(world.joined(world.join(members[1], instance: "b"))?.errorCode == .fencedInstanceID)
        let sync = world.sync(members[1], generation, instance: "b")
        #expect(world.synced(sync)?.errorCode == .fencedInstanceID)
        #expect(world.leave(members[1], instance: "b") == .fencedInstanceID)
        #expect(world.heartbeat(members[1], generation) == .unknownMemberID)
    }

    @Test func `a leader that comes back is told not to assign`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(2, instances: ["a", "b"])
        let answer = try #require(world.joined(world.join(instance: "a")))
        #expect(answer.skipAssignment && answer.leader == answer.memberID && answer.members.count == 2)
        let old = try #require(world.joined(world.join(instance: "a", version: 8)))
        #expect(!old.skipAssignment && old.leader == answer.memberID && old.memberID != old.leader)
        #expect(old.generationID == generation && old.members.isEmpty)
        #expect(world.heartbeat(members[1], generation, instance: "b") == .none)
    }

    @Test func `its new id is durable before it is told`() throws {
        let world = GroupWorld()
        let (_, generation) = try world.stable(1, instances: ["a"])
        world.writesAtOnce = false
        let token = world.join(instance: "a")
        #expect(world.joined(token) == nil)
        world.finishAppend()
        let member = try #require(world.joined(token)).memberID
        world.crash()
        #expect(world.heartbeat(member, generation, instance: "a") == .none)
        let failing = world.join(instance: "a")
        world.finishAppend(.kafkaStorageError)
        #expect(world.joined(failing)?.errorCode == .notCoordinator)
        #expect(world.group?.awaitingJoin == 0)
    }

    @Test func `one that waits for a new id and is gone does not count as joined later`() throws {
        let world = GroupWorld()
        _ = try world.stable(1, instances: ["a"])
        world.writesAtOnce = false
        let token = world.join(instance: "a")
        world.run { $0.connectionGone(token, in: "g") }
        world.finishAppend()
        #expect(world.open.isEmpty && world.group?.awaitingJoin == 0)
    }

    @Test func `a static member keeps its place through a rebalance that it misses, for its session`() throws {
        let world = GroupWorld()
        let (members, _) = try world.stable(2, instances: ["a", "b"])
        let leader = world.join(members[0], instance: "a")
        world.advance(9000)
        #expect(world.joined(leader) == nil, "the other is waited for")
        world.advance(1001)
        let answer = try #require(world.joined(leader))
        #expect(answer.members.map(\.groupInstanceID) == ["a"], "its session is over")
    }

    @Test func `an administrator takes static members out by their instance`() throws {
        let world = GroupWorld()
        _ = try world.stable(2, instances: ["a", "b"])
        #expect(world.leave("", instance: "b") == .none)
        #expect(world.leave("", instance: "c") == .unknownMemberID)
        #expect(world.leave("") == .unknownMemberID)
        #expect(world.state == .preparingRebalance && world.group?.members.count == 1)
    }

    @Test func `one that comes back while assignments are waited for brings on a rebalance`() throws {
        let world = GroupWorld()
        let a = world.join(instance: "a")
        let b = world.join(instance: "b")
        for _ in 0..<3 { world.advance(3000) }
        let old = try #require(world.joined(b))
        let waiting = world.sync(old.memberID, old.generationID, instance: "b")
        world.join(instance: "b")
        #expect(world.synced(waiting)?.errorCode == .fencedInstanceID)
        #expect(world.state == .preparingRebalance)
        _ = a
    }
}
