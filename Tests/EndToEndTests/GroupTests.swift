import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// Consumer groups, with the clients that people have.
    @Suite struct Groups {
        private static let settings = """
            num.partitions: 12
            groups: {group.initial.rebalance.delay.ms: 500}
            """

        @Test(arguments: PythonClient.allCases)
        func `a group of one, three and ten shares a topic, and each group gets all of it`(
            client: PythonClient
        ) async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: Self.settings)
                try await place.produceNumbers(collector.address, "queue", 0..<3000)
                for count in [1, 3, 10] {
                    let members = try (0..<count).map {
                        try place.member("\(count)-\($0)", client, collector.address, "queue", group: "of-\(count)")
                    }
                    try await place.share(members, 12)
                    try await eventually("all is read") { try place.records(members).count >= 3000 }
                    try await place.end(members)
                    let read = try place.records(members)
                    #expect(read.count == 3000, "each record to one member")
                    #expect(Set(read.compactMap { Int($0.value) }) == Set(0..<3000))
                }
            }
        }

        @Test(arguments: PythonClient.allCases)
        func `members join, leave, die and come back, and nothing is lost or read twice without need`(
            client: PythonClient
        ) async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: Self.settings)
                let address = collector.address
                func member(_ name: String) throws -> GroupMember {
                    try place.member(name, client, address, "busy", session: 3000)
                }
                func more(_ part: Int) async throws {
                    try await place.produceNumbers(address, "busy", part * 2000..<(part + 1) * 2000)
                }
                try await more(0)
                let a = try member("a")
                try await place.share([a], 12)
                let b = try member("b")
                try await more(1)
                try await place.share([a, b], 12)
                let c = try member("c")
                try await more(2)
                try await place.share([a, b, c], 12)
                // In the middle of its work.
                try await more(3)
                try await place.end([b])
                try await place.share([a, c], 12)
                try await more(4)
                let beforeDeath = try a.records().count + b.records().count + c.records().count
                #expect(beforeDeath <= 10_000)
                try await c.program.killAndWait()
                try await more(5)
                try await place.share([a], 12)
                let back = try member("c again")
                try await place.share([a, back], 12)
                try await more(6)
                let all = [a, b, c, back]
                try await eventually("all is read") {
                    try Set(place.records(all).map(\.value)).count >= 14_000
                }
                try await place.end([a, back])
                let read = try place.records(all)
                #expect(Set(read.compactMap { Int($0.value) }) == Set(0..<14_000))
                try expectOnce(read, except: c)
            }
        }

        /// Nothing is read twice, but for what one member had read and not committed when it died.
        private func expectOnce(
            _ read: [(member: String, time: Double, partition: Int, offset: Int, value: String)],
            except dead: GroupMember
        ) throws {
            var committed: [Int: Int] = [:]
            for (_, event) in try dead.events() {
                if case .committed(let partition, let offset) = event {
                    committed[partition] = max(offset, committed[partition] ?? 0)
                }
            }
            for (value, readings) in Dictionary(grouping: read, by: \.value) where readings.count > 1 {
                let first = readings.min { $0.time < $1.time }
                let isExcused =
                    first.map { $0.member == dead.name && $0.offset >= committed[$0.partition] ?? 0 } ?? false
                #expect(isExcused && readings.count == 2, "\(value) was read by \(readings.map(\.member))")
            }
        }

        @Test(arguments: PythonClient.allCases)
        func `a static member that dies and comes back disturbs nobody`(client: PythonClient) async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: Self.settings)
                try await place.produceNumbers(collector.address, "static", 0..<1000)
                func member(_ name: String, _ instance: String) throws -> GroupMember {
                    try place.member(
                        name, client, collector.address, "static", session: 20_000, instance: instance)
                }
                let a = try member("a", "one")
                let b = try member("b", "two")
                try await place.share([a, b], 12)
                let before = try a.events().filter { $0.event.isOfAssignment }.count
                try await b.program.killAndWait()
                let back = try member("b again", "two")
                try await place.share([a, back], 12)
                try await place.produceNumbers(collector.address, "static", 1000..<2000)
                try await eventually("all is read") {
                    try Set(place.records([a, b, back]).map(\.value)).count >= 2000
                }
                #expect(try a.events().filter { $0.event.isOfAssignment }.count == before)
                #expect(try back.partitions() == b.partitions(), "what it had before it died")
                try await place.end([a, back])
            }
        }

        @Test(arguments: [PythonClient.confluent, .kafkaPython])
        func `with a cooperative assignor members keep what they do not have to give`(
            client: PythonClient
        ) async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: Self.settings)
                try await place.produceNumbers(collector.address, "coop", 0..<2000)
                func member(_ name: String) throws -> GroupMember {
                    try place.member(name, client, collector.address, "coop", strategy: "cooperative-sticky")
                }
                let a = try member("a")
                try await place.share([a], 12)
                let b = try member("b")
                try await place.share([a, b], 12)
                let c = try member("c")
                try await place.share([a, b, c], 12)
                try await place.produceNumbers(collector.address, "coop", 2000..<4000)
                try await eventually("all is read") { try place.records([a, b, c]).count >= 4000 }
                for one in [a, b] {
                    let given = try one.events().compactMap { entry in
                        if case .revoked(let partitions) = entry.event { partitions.count } else { nil }
                    }
                    // From 12 to 6 to 4, and from 6 to 4.
                    #expect(given.reduce(0, +) <= 8, "\(one.name) gave \(given)")
                }
                try await place.end([a, b, c])
                let read = try place.records([a, b, c])
                #expect(read.count == 4000 && Set(read.map(\.value)).count == 4000)
            }
        }

        @Test(arguments: PythonClient.allCases)
        func `a consumer commits, seeks and pauses`(client: PythonClient) async throws {
            try await Playground.run { place in
                let collector = try await place.collector(
                    settings: "groups: {group.initial.rebalance.delay.ms: 0}")
                try await place.produceNumbers(collector.address, "one", 0..<100)
                _ = try await place.python(
                    "group_offsets.py",
                    ["--client", client.rawValue, "--bootstrap", collector.address, "--group", "g", "one"])
            }
        }

        @Test func `kcat's balanced consumers share a topic`() async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: Self.settings)
                try await place.produceNumbers(collector.address, "kcat", 0..<2000)
                let readers = try (0..<2).map { _ in
                    try place.start(
                        Programs.kcat,
                        ["-b", collector.address, "-G", "cats", "-q", "-u", "-f", "%s\n"]
                            + ["-X", "auto.offset.reset=earliest", "-X", "session.timeout.ms=6000", "kcat"])
                }
                func read() -> [Int] {
                    readers.flatMap { reader in
                        String(decoding: reader.standardOutput, as: UTF8.self).split(separator: "\n").compactMap {
                            Int($0)
                        }
                    }
                }
                try await eventually("all is read") { read().count >= 2000 }
                #expect(read().sorted() == Array(0..<2000))
                #expect(readers.allSatisfy { !$0.standardOutput.isEmpty })
            }
        }
    }
}

extension GroupMember.Event {
    fileprivate var isOfAssignment: Bool {
        switch self {
        case .assigned, .revoked: true
        case .record, .committed, .failed, .ended: false
        }
    }
}
