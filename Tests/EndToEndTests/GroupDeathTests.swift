import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// The collector dies while groups work.
    @Suite struct GroupDeaths {
        private static let settings = """
            num.partitions: 12
            groups: {group.initial.rebalance.delay.ms: 300}
            """

        private static let clients: [PythonClient] = [.confluent, .aiokafka, .kafkaPython]

        private static let strategies = ["range", "cooperative-sticky"]

        @Test(arguments: strategies)
        func `groups outlive the collector's deaths: members go on by themselves, and commits hold`(
            strategy: String
        ) async throws {
            try await Playground.run { place in
                var collector = try await place.collector(settings: Self.settings)
                let address = collector.address
                // aiokafka has no cooperative assignor.
                let clients = strategy == "range" ? Self.clients + Self.clients : .init(repeating: .confluent, count: 4)
                try await place.produceNumbers(address, "deaths", 0..<1000)
                var running = try clients.enumerated().map { number, client in
                    try place.member("m\(number)", client, address, "deaths", strategy: strategy)
                }
                var all = running
                try await place.share(running, 12)
                for death in 1...4 {
                    try await place.produceNumbers(address, "deaths", death * 1000..<(death + 1) * 1000)
                    // A member goes and one comes: the death is in the middle of a rebalance, and of commits.
                    let leaving = running.removeFirst()
                    leaving.program.terminate()
                    let new = try place.member(
                        "new-\(death)", clients[death - 1], address, "deaths", strategy: strategy)
                    running.append(new)
                    all.append(new)
                    let seen = try place.records(all).count
                    try await eventually("they have worked a little") {
                        try place.records(all).count > seen + 50
                            || Set(place.records(all).map(\.value)).count >= (death + 1) * 1000
                    }
                    try await collector.program.killAndWait()
                    collector = try await place.collector(listen: address, settings: Self.settings)
                    let status = try await leaving.program.wait()
                    #expect(status == 0, "\(leaving.name) said: \(leaving.program.standardError.suffix(2000))")
                }
                try await place.share(running, 12)
                try await eventually("all is read") {
                    try Set(place.records(all).map(\.value)).count >= 5000
                }
                try await place.end(running)
                #expect(try Set(place.records(all).compactMap { Int($0.value) }) == Set(0..<5000))
                try expectCommitsHold(all)
                #expect(try await collector.program.stop() == 0)
            }
        }

        /// Whoever gets a partition begins at, or behind, all that was committed before he got it.
        private func expectCommitsHold(_ members: [GroupMember]) throws {
            var commits: [Int: [(time: Double, offset: Int)]] = [:]
            for member in members {
                for (time, event) in try member.events() {
                    if case .committed(let partition, let offset) = event {
                        commits[partition, default: []].append((time, offset))
                    }
                }
            }
            #expect(commits.count == 12)
            var checked = 0
            for member in members {
                var assigned: [Int: Double] = [:]
                for (time, event) in try member.events() {
                    switch event {
                    case .assigned(let partitions): for partition in partitions { assigned[partition] = time }
                    case .record(let partition, let offset, _):
                        guard let since = assigned.removeValue(forKey: partition) else { continue }
                        let before = (commits[partition] ?? []).filter { $0.time < since }.map(\.offset).max() ?? 0
                        #expect(offset >= before, "\(member.name) began \(partition) at \(offset), not \(before)")
                        checked += 1
                    case .revoked, .committed, .failed, .ended: break
                    }
                }
            }
            #expect(checked > 12)
        }

        @Test(arguments: strategies)
        func `what a member hands over cleanly is read once, though the collector dies right then`(
            strategy: String
        ) async throws {
            try await Playground.run { place in
                var collector = try await place.collector(settings: Self.settings)
                let address = collector.address
                func member(_ name: String) throws -> GroupMember {
                    try place.member(name, .confluent, address, "handed", strategy: strategy)
                }
                let a = try member("a")
                let b = try member("b")
                try await place.produceNumbers(address, "handed", 0..<2000)
                try await place.share([a, b], 12)
                // In the middle of commits.
                try await place.produceNumbers(address, "handed", 2000..<8000)
                try await eventually("they have worked a little") { try place.records([a, b]).count > 2500 }
                try await collector.program.killAndWait()
                collector = try await place.collector(listen: address, settings: Self.settings)
                try await untilCommitted(8000, [a, b])
                // In the middle of the rebalance that follows: a is told of it by its next heartbeat.
                try await place.end([b])
                try await collector.program.killAndWait()
                collector = try await place.collector(listen: address, settings: Self.settings)
                try await place.produceNumbers(address, "handed", 8000..<9000)
                try await place.share([a], 12)
                try await untilCommitted(9000, [a, b])
                let c = try member("c")
                try await place.share([a, c], 12)
                try await place.produceNumbers(address, "handed", 9000..<10_000)
                try await untilCommitted(10_000, [a, b, c])
                try await place.end([a, c])
                try expectOnce(0..<10_000, [a, b, c])
                #expect(try await collector.program.stop() == 0)
            }
        }

        @Test(arguments: strategies)
        func `a static member that was away when the collector died comes back to what it had`(
            strategy: String
        ) async throws {
            try await Playground.run { place in
                var collector = try await place.collector(settings: Self.settings)
                let address = collector.address
                func member(_ name: String, _ instance: String) throws -> GroupMember {
                    try place.member(
                        name, .confluent, address, "static", strategy: strategy, session: 60_000, instance: instance)
                }
                let a = try member("a", "one")
                let b = try member("b", "two")
                try await place.produceNumbers(address, "static", 0..<1000)
                try await place.share([a, b], 12)
                try await untilCommitted(1000, [a, b])
                let had = try b.partitions()
                let before = try a.events().count { $0.event.isAssignment }
                // A static member that ends does not leave; nor does one that dies.
                try await place.end([b])
                try await collector.program.killAndWait()
                collector = try await place.collector(listen: address, settings: Self.settings)
                let again = try member("b again", "two")
                try await place.share([a, again], 12)
                #expect(try again.partitions() == had)
                try await again.program.killAndWait()
                #expect(try await collector.program.stop() == 0)
                collector = try await place.collector(listen: address, settings: Self.settings)
                let third = try member("b for the third time", "two")
                try await place.share([a, third], 12)
                #expect(try third.partitions() == had)
                try await place.produceNumbers(address, "static", 1000..<2000)
                try await untilCommitted(2000, [a, b, again, third])
                #expect(try a.events().count { $0.event.isAssignment } == before, "it was not disturbed")
                try await place.end([a, third])
                try expectOnce(0..<2000, [a, b, again, third])
                #expect(try await collector.program.stop() == 0)
            }
        }

        /// Waits until the members have committed so many records, all in all.
        private func untilCommitted(_ count: Int, _ members: [GroupMember]) async throws {
            try await eventually("\(count) records are committed") {
                var ends: [Int: Int] = [:]
                for entry in try members.flatMap({ try $0.events() }) {
                    if case .committed(let partition, let offset) = entry.event {
                        ends[partition] = max(offset, ends[partition] ?? 0)
                    }
                }
                return ends.values.reduce(0, +) >= count
            }
        }

        private func expectOnce(_ numbers: Range<Int>, _ members: [GroupMember]) throws {
            let read = try members.flatMap { try $0.records() }.compactMap { Int($0.value) }
            #expect(read.count == numbers.count && Set(read) == Set(numbers))
        }

        @Test func `a collector that is stopped and started anew finds its groups in their generation`() async throws {
            try await Playground.run { place in
                var collector = try await place.collector(settings: Self.settings)
                let address = collector.address
                try await place.produceNumbers(address, "restart", 0..<1000)
                let members = try Self.clients.map {
                    try place.member($0.rawValue, $0, address, "restart", group: $0.rawValue, session: 20_000)
                }
                for member in members { try await place.share([member], 12) }
                try await eventually("all is read") { try place.records(members).count >= 1000 * members.count }
                for kills in [true, false] {
                    let before = try members.map { try $0.events().count { $0.event.isAssignment } }
                    if kills {
                        try await collector.program.killAndWait()
                    } else {
                        #expect(try await collector.program.stop() == 0)
                    }
                    collector = try await place.collector(listen: address, settings: Self.settings)
                    let from = kills ? 1000 : 2000
                    try await place.produceNumbers(address, "restart", from..<from + 1000)
                    try await eventually("all is read") {
                        try place.records(members).count >= members.count * (from + 1000)
                    }
                    let after = try members.map { try $0.events().count { $0.event.isAssignment } }
                    #expect(after == before, "nobody has to join again")
                }
                try await place.end(members)
                #expect(try place.records(members).count == 3000 * members.count)
            }
        }
    }
}

extension GroupMember.Event {
    fileprivate var isAssignment: Bool {
        if case .assigned = self { true } else { false }
    }
}
