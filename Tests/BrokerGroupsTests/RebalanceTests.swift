import KafkaProtocol
import NIOCore
import Primitives
import Testing

@testable import BrokerCore

@Suite struct RebalanceTests {
    @Test func `a new member is given an id, and joins with it`() throws {
        let world = GroupWorld()
        let (member, token) = try world.joinTwice()
        #expect(member.hasPrefix("c-"))
        #expect(world.joined(token) == nil)
        world.advance(3000)
        let answer = try #require(world.joined(token))
        #expect(answer.errorCode == .none && answer.generationID == 1 && answer.leader == member)
        #expect(answer.protocolName == "range" && answer.protocolType == "consumer")
    }

    @Test func `before version 4 a member is taken without an id`() throws {
        let world = GroupWorld()
        let token = world.join(version: 3)
        world.advance(3000)
        #expect(world.joined(token)?.errorCode == ErrorCode.none)
    }

    @Test func `an id that nobody comes back with holds the group up for its session only`() throws {
        let world = GroupWorld()
        let (member, token) = try world.joinTwice(rebalance: 60_000)
        world.advance(3000)
        let generation = try #require(world.joined(token)).generationID
        world.sync(member, generation, [member: "all"])
        world.join(session: 5000)
        #expect(world.heartbeat(member, generation) == .none)
        let again = world.join(member)
        #expect(world.joined(again) == nil, "it waits for the one that was given an id")
        world.advance(5001)
        #expect(world.joined(again)?.generationID == generation + 1)
    }

    @Test func `the first generation waits for the delay, and again after each that comes, but not for ever`() throws {
        let world = GroupWorld()
        let first = try world.joinTwice(rebalance: 10_000).token
        var tokens = [first]
        for _ in 0..<6 {
            world.advance(2000)
            if world.joined(first) == nil { tokens.append(try world.joinTwice(rebalance: 10_000).token) }
        }
        // The first at 0; its delay of 3 seconds is prolonged up to its rebalance timeout of 10.
        #expect(world.joined(first) != nil)
        #expect(tokens.count == 5)
        #expect(Set(tokens.map { world.joined($0)?.generationID }) == [1])
    }

    @Test func `all members of a generation get one leader, and the leader all subscriptions`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(3)
        #expect(generation == 1 && Set(members).count == 3)
    }

    @Test func `a member that joins has the others join again, as heartbeats tell them`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(2)
        let new = try world.joinTwice()
        for member in members { #expect(world.heartbeat(member, generation) == .rebalanceInProgress) }
        let again = members.map { world.join($0) }
        for token in again + [new.token] { #expect(world.joined(token)?.generationID == generation + 1) }
        #expect(world.joined(again[0])?.leader == members[0], "the leader stays")
        for member in members { #expect(world.heartbeat(member, generation) == .illegalGeneration) }
        #expect(world.heartbeat(new.member, generation + 1) == .none, "while assignments are waited for too")
    }

    @Test func `who does not join again in time is out`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(3)
        let new = try world.joinTwice()
        let one = world.join(members[1])
        for _ in 0..<4 {
            world.advance(8000)
            _ = world.heartbeat(members[0], generation)
        }
        let answer = try #require(world.joined(one))
        #expect(answer.generationID == generation + 1)
        #expect(world.joined(new.token)?.leader == answer.leader)
        #expect([members[1], new.member].contains(answer.leader))
        #expect(world.heartbeat(members[0], generation) == .unknownMemberID)
    }

    @Test func `a member that sends no heartbeat is out after its session, and its heartbeats keep it`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(2)
        for _ in 0..<3 {
            world.advance(9000)
            #expect(world.heartbeat(members[0], generation) == (world.state == .stable ? .none : .rebalanceInProgress))
        }
        #expect(world.state == .preparingRebalance)
        let again = world.join(members[0])
        #expect(world.joined(again)?.members.count == 1)
    }

    @Test func `of the protocols that all know, most votes decide; without a common one nobody is let in`() throws {
        let world = GroupWorld()
        let a = try world.joinTwice(protocols: ["sticky", "range"])
        let b = try world.joinTwice(protocols: ["range", "sticky", "mine"])
        let c = try world.joinTwice(protocols: ["range", "sticky"])
        #expect(world.joined(world.join(protocols: ["mine"]))?.errorCode == .inconsistentGroupProtocol)
        #expect(world.joined(world.join(type: "connect"))?.errorCode == .inconsistentGroupProtocol)
        for _ in 0..<3 { world.advance(3000) }
        for token in [a.token, b.token, c.token] { #expect(world.joined(token)?.protocolName == "range") }
    }

    @Test func `a follower that asks again gets the generation as it is; a leader gets a new one`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(2)
        #expect(world.joined(world.join(members[1]))?.generationID == generation)
        #expect(world.state == .stable)
        world.join(members[0])
        #expect(world.state == .preparingRebalance)
    }

    @Test func `a follower with another subscription brings on a rebalance`() throws {
        let world = GroupWorld()
        let (members, _) = try world.stable(2)
        world.join(members[1], metadata: subscription(["t", "u"]))
        #expect(world.state == .preparingRebalance)
    }

    @Test func `nobody gets an assignment that is not durable`() throws {
        let world = GroupWorld()
        let (member, token) = try world.joinTwice()
        world.advance(3000)
        world.writesAtOnce = false
        let generation = try #require(world.joined(token)).generationID
        let sync = world.sync(member, generation, [member: "all"])
        #expect(world.synced(sync) == nil)
        world.finishAppend()
        #expect(world.synced(sync)?.assignment == ByteBuffer(string: "all"))
    }

    @Test func `where the assignments cannot be written, all are told and join again`() throws {
        let world = GroupWorld()
        let (member, token) = try world.joinTwice()
        world.advance(3000)
        world.writesAtOnce = false
        let generation = try #require(world.joined(token)).generationID
        let sync = world.sync(member, generation, [member: "all"])
        world.finishAppend(.kafkaStorageError)
        #expect(world.synced(sync)?.errorCode == .notCoordinator)
        #expect(world.state == .preparingRebalance)
    }

    @Test func `who does not ask for its assignment in time is out`() throws {
        let world = GroupWorld()
        let a = try world.joinTwice(session: 60_000, rebalance: 20_000)
        let b = try world.joinTwice(session: 60_000, rebalance: 20_000)
        for _ in 0..<3 { world.advance(3000) }
        let answer = try #require(world.joined(a.token))
        world.sync(a.member, answer.generationID, [a.member: "x", b.member: "y"])
        #expect(world.state == .stable)
        world.advance(20_000)
        #expect(world.group?.members.keys.sorted() == [a.member])
    }

    @Test func `requests of unknown members, other generations and unknown groups are refused`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(1)
        #expect(world.heartbeat("nobody", generation) == .unknownMemberID)
        #expect(world.heartbeat(members[0], generation + 1) == .illegalGeneration)
        #expect(world.heartbeat("x", 1, group: "h") == .unknownMemberID)
        #expect(world.synced(world.sync("nobody", generation))?.errorCode == .unknownMemberID)
        #expect(world.synced(world.sync(members[0], 7))?.errorCode == .illegalGeneration)
        #expect(world.synced(world.sync("x", 1, group: "h"))?.errorCode == .unknownMemberID)
        #expect(world.joined(world.join("nobody"))?.errorCode == .unknownMemberID)
        #expect(world.joined(world.join("x", group: "h"))?.errorCode == .unknownMemberID)
        #expect(world.leave("nobody") == .unknownMemberID)
        #expect(world.joined(world.join(group: ""))?.errorCode == .invalidGroupID)
        #expect(world.joined(world.join(session: 10))?.errorCode == .invalidSessionTimeout)
        #expect(world.table.groups["h"] == nil)
    }

    @Test func `a leaving member makes room at once`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(2)
        #expect(world.leave(members[0]) == .none)
        #expect(world.heartbeat(members[1], generation) == .rebalanceInProgress)
        #expect(world.joined(world.join(members[1]))?.leader == members[1])
        #expect(world.leave(members[1]) == .none)
        #expect(world.state == .empty)
    }

    @Test func `a group is no larger than allowed, and a refused one leaves nothing behind`() throws {
        let world = GroupWorld { $0.maximumSize = 2 }
        let (members, generation) = try world.stable(2)
        #expect(world.joined(world.join(version: 3))?.errorCode == .groupMaxSizeReached)
        #expect(world.heartbeat(members[1], generation) == .none)
        let small = GroupWorld {
            $0.maximumGroupBytes = 4000
            $0.maximumBytes = 10_000
        }
        let large = [UInt8](repeating: 1, count: 5000)
        #expect(small.joined(small.join(version: 3, metadata: large))?.errorCode == .groupMaxSizeReached)
        #expect(small.table.ledger.bytes == 0)
        var refused = 0
        for number in 0..<100 where small.joined(small.join(group: "g\(number)"))?.errorCode == .groupMaxSizeReached {
            refused += 1
        }
        #expect(refused > 50 && small.table.ledger.bytes <= 12_000)
    }

    @Test func `assignments that are too large are told to all`() throws {
        let world = GroupWorld { $0.maximumGroupBytes = 4000 }
        let (member, token) = try world.joinTwice()
        world.advance(3000)
        let generation = try #require(world.joined(token)).generationID
        let sync = world.sync(member, generation, [member: String(repeating: "x", count: 5000)])
        #expect(world.synced(sync)?.errorCode == .unknownServerError)
    }

    @Test func `an answer whose connection is gone is given up, and the group goes on`() throws {
        let world = GroupWorld()
        let (members, generation) = try world.stable(2)
        let nameless = world.join(version: 3)
        let (third, waiting) = try world.joinTwice()
        world.run { $0.connectionGone(nameless, in: "g") }
        world.run { $0.connectionGone(waiting, in: "g") }
        #expect(!world.open.contains(nameless) && !world.open.contains(waiting))
        let again = members.map { world.join($0) }
        #expect(world.joined(again[0])?.generationID == generation + 1)
        #expect(world.joined(again[0])?.members.map(\.memberID).sorted() == (members + [third]).sorted())
        let sync = world.sync(members[1], generation + 1)
        world.run { $0.connectionGone(sync, in: "g") }
        #expect(world.open.isEmpty)
        for _ in 0..<2 {
            world.advance(9000)
            _ = world.heartbeat(members[0], generation + 1)
        }
        #expect(world.group?.members.keys.sorted() == [members[0]], "the others' sessions have ended")
    }

    @Test func `a member that asks on a second connection frees the first`() throws {
        let world = GroupWorld()
        let (members, _) = try world.stable(2)
        world.join(members[0])
        let first = try world.joinTwice()
        let second = world.join(first.member)
        #expect(world.joined(first.token)?.errorCode == .rebalanceInProgress)
        #expect(world.open.contains(second))
    }

    @Test func `a client's name of any length makes an id that fits`() throws {
        let world = GroupWorld()
        let token = world.token()
        let request = JoinGroupRequest(
            groupID: "g", sessionTimeoutMilliseconds: 10_000, rebalanceTimeoutMilliseconds: 10_000,
            protocolType: "consumer", protocols: [.init(name: "range", metadata: ByteBuffer())])
        let name = String(repeating: "ü", count: 16_000)
        world.run { $0.join(request, from: GroupCaller(clientID: name, host: "/", version: 9), token) }
        #expect(world.joined(token).map { $0.memberID.utf8.count < 1000 } == true)
    }
}
