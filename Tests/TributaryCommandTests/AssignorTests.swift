import KafkaClient
import KafkaProtocol
import NIOCore
import TestSupport
import Testing

@Suite struct AssignorTests {
    private func member(
        _ id: String, _ topics: [String], instance: String? = nil, owned: [TopicPartition] = [], generation: Int32 = -1
    ) -> PartitionAssignor.Member {
        PartitionAssignor.Member(
            id: id, instanceID: instance,
            subscription: MemberSubscription(topics: topics, owned: owned, generation: generation))
    }

    private func places(_ topic: String, _ partitions: Range<Int32>) -> [TopicPartition] {
        partitions.map { TopicPartition(topic: topic, partition: $0) }
    }

    @Test func `what a member says is read back, and read in the bytes of Kafka's own consumers`() throws {
        let said = MemberSubscription(topics: ["a", "b"], owned: places("a", 0..<3), generation: 7)
        #expect(try MemberSubscription(decoding: said.encoded()) == said)
        // Version 0, as kafka-python and older librdkafka send it: [topic "t"], no user data.
        let old = ByteBuffer(bytes: [0, 0, 0, 0, 0, 1, 0, 1, 0x74, 0xff, 0xff, 0xff, 0xff])
        #expect(try MemberSubscription(decoding: old) == MemberSubscription(topics: ["t"]))
        // Version 3 has a rack behind the generation, a later version what nobody knows yet.
        for version: UInt8 in [3, 9] {
            var later = Array(said.encoded().readableBytesView)
            later[1] = version
            #expect(try MemberSubscription(decoding: ByteBuffer(bytes: later + [0, 1, 0x72])) == said)
        }
        let assignment = Set(places("x", 0..<2) + places("y", 5..<6))
        #expect(try MemberAssignment.decode(MemberAssignment.encode(assignment)) == assignment)
        #expect(try MemberAssignment.decode(ByteBuffer()).isEmpty)
    }

    @Test func `bytes that are no subscription are an error at every length`() {
        let whole = MemberSubscription(topics: ["topic"], owned: places("topic", 0..<2), generation: 1).encoded()
        for length in 0..<whole.readableBytes {
            #expect(throws: WireError.self) {
                try MemberSubscription(decoding: whole.getSlice(at: 0, length: length) ?? ByteBuffer())
            }
        }
        #expect(throws: WireError.self) { try MemberAssignment.decode(ByteBuffer(bytes: [0])) }
    }

    @Test func `range gives neighbours, the first members one more, static members before others`() {
        let shares = PartitionAssignor.range.assign(
            ["t": 7, "u": 2],
            to: [member("b", ["t", "u"]), member("a", ["t", "none"]), member("z", ["t"], instance: "one")])
        #expect(shares["z"] == places("t", 0..<3))
        #expect(shares["a"] == places("t", 3..<5))
        #expect(shares["b"] == places("t", 5..<7) + places("u", 0..<2))
    }

    @Test func `a member that joins gets nothing before it was given up`() {
        let all = places("t", 0..<4)
        let first = PartitionAssignor.cooperativeSticky.assign(
            ["t": 4], to: [member("a", ["t"], owned: all, generation: 1), member("b", ["t"])])
        #expect(first["a"]?.count == 2)
        #expect(first["b"] == [])
        let kept = first["a"] ?? []
        let second = PartitionAssignor.cooperativeSticky.assign(
            ["t": 4], to: [member("a", ["t"], owned: kept, generation: 2), member("b", ["t"], generation: 2)])
        #expect(second["a"] == kept)
        #expect(Set(second["b"] ?? []) == Set(all).subtracting(kept))
    }

    @Test func `the later of two claims holds, and of two of one generation neither`() {
        let all = places("t", 0..<2)
        let later = PartitionAssignor.cooperativeSticky.assign(
            ["t": 2],
            to: [member("a", ["t"], owned: [all[0]], generation: 3), member("b", ["t"], owned: all, generation: 2)])
        // `a` is not given what `b` wrongly claims before `b` has seen that it lost it.
        #expect(later == ["a": [], "b": [all[1]]])
        let contested = PartitionAssignor.cooperativeSticky.assign(
            ["t": 1],
            to: [
                member("a", ["t"], owned: [all[0]], generation: 3), member("b", ["t"], owned: [all[0]], generation: 3),
            ])
        #expect(contested == ["a": [], "b": []])
    }

    @Test(arguments: 0..<40)
    func `any mix of members is served fully, evenly and with few moves`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let counts = Dictionary(
            uniqueKeysWithValues: (0..<Int.random(in: 1...5, using: &random)).map {
                ("t\($0)", Int.random(in: 0...20, using: &random))
            })
        let topics = counts.keys.sorted()
        let same = Bool.random(using: &random)
        var members = (0..<Int.random(in: 1...6, using: &random)).map { index in
            member("m\(index)", same ? topics : topics.filter { _ in Bool.random(using: &random) })
        }
        var last: [String: [TopicPartition]] = [:]
        // As a group does: join with what one has, until nothing moves any more; with somebody leaving in between.
        for generation in 1...Int32(8) {
            if generation == 4, members.count > 1 { members.removeLast() }
            for index in members.indices {
                members[index].subscription.owned = last[members[index].id] ?? []
                members[index].subscription.generation = generation
            }
            let next = PartitionAssignor.cooperativeSticky.assign(counts, to: members.shuffled(using: &random))
            let held = next.values.flatMap { $0 }
            #expect(Set(held).count == held.count, "seed \(seed): one partition at two members")
            for member in members {
                // Nobody gets what another has not given up.
                let others = members.filter { $0.id != member.id }.flatMap(\.subscription.owned)
                #expect(Set(next[member.id] ?? []).isDisjoint(with: others), "seed \(seed)")
            }
            if generation == 3 || generation == 8 {
                #expect(last == next || members.count != last.count, "seed \(seed): it does not come to rest")
                let wanted = members.reduce(into: Set<String>()) { $0.formUnion($1.subscription.topics) }
                #expect(held.count == wanted.reduce(0) { $0 + (counts[$1] ?? 0) }, "seed \(seed)")
                let loads = members.map { next[$0.id]?.count ?? 0 }
                if same { #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= 1, "seed \(seed): \(loads)") }
            }
            last = next
        }
    }
}
