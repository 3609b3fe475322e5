import Foundation
import TestSupport
import Testing

/// A consumer in a group, in a process of its own; see group_member.py.
final class GroupMember: Sendable {
    enum Event: Hashable {
        case assigned([Int])
        case revoked([Int])
        case record(partition: Int, offset: Int, value: String)
        case committed(partition: Int, offset: Int)
        case failed(String)
        case ended
    }

    let name: String
    let program: RunningProgram

    init(_ name: String, _ program: RunningProgram) {
        self.name = name
        self.program = program
    }

    /// All that it has told so far, with when.
    func events() throws -> [(time: Double, event: Event)] {
        let text = program.standardOutput
        // The last line may be cut.
        let whole = text.lastIndex(of: UInt8(ascii: "\n")).map { text[...$0] } ?? Data()
        return try whole.split(separator: UInt8(ascii: "\n")).map { line in
            let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
            guard words.count >= 2, let time = Double(words[0]), let event = Self.event(words.dropFirst()) else {
                throw ProgramFailure("\(name) said: \(words.joined(separator: " "))")
            }
            return (time, event)
        }
    }

    private static func event(_ words: ArraySlice<Substring>) -> Event? {
        let rest = Array(words.dropFirst())
        let numbers = rest.prefix(2).compactMap { Int($0) }
        switch words.first {
        case "assigned": return .assigned(rest.first?.split(separator: ",").compactMap { Int($0) } ?? [])
        case "revoked": return .revoked(rest.first?.split(separator: ",").compactMap { Int($0) } ?? [])
        case "record" where numbers.count == 2:
            return .record(
                partition: numbers[0], offset: numbers[1], value: rest.dropFirst(2).joined(separator: " "))
        case "committed" where numbers.count == 2: return .committed(partition: numbers[0], offset: numbers[1])
        case "failed": return .failed(rest.joined(separator: " "))
        case "ended": return .ended
        default: return nil
        }
    }

    /// The partitions that it has now.
    func partitions() throws -> Set<Int> {
        try events().reduce(into: Set<Int>()) { owned, entry in
            switch entry.event {
            case .assigned(let new): owned.formUnion(new)
            case .revoked(let old): owned.subtract(old)
            case .ended: owned = []
            case .record, .committed, .failed: break
            }
        }
    }

    func records() throws -> [(time: Double, partition: Int, offset: Int, value: String)] {
        try events().compactMap { time, event in
            guard case .record(let partition, let offset, let value) = event else { return nil }
            return (time, partition, offset, value)
        }
    }
}

extension Playground {
    func member(
        _ name: String, _ client: PythonClient, _ address: String, _ topic: String, group: String = "group",
        strategy: String = "range", session: Int = 6000, instance: String? = nil
    ) throws -> GroupMember {
        let arguments =
            ["--client", client.rawValue, "--bootstrap", address, "--group", group, "--name", name]
            + ["--strategy", strategy, "--session", "\(session)"] + (instance.map { ["--instance", $0] } ?? [])
        return GroupMember(
            name, try start(Programs.python, [Programs.script("group_member.py").path] + arguments + [topic]))
    }

    /// Waits until the members share all partitions, each having some where there are enough.
    func share(_ members: [GroupMember], _ partitions: Int) async throws {
        try await eventually("\(members.map(\.name)) share \(partitions) partitions") {
            let owned = try members.map { try $0.partitions() }
            return owned.reduce(0) { $0 + $1.count } == partitions
                && owned.reduce(into: Set()) { $0.formUnion($1) }.count == partitions
                && owned.allSatisfy { !$0.isEmpty || members.count > partitions }
        }
    }

    /// What members read, in all.
    func records(
        _ members: [GroupMember]
    ) throws -> [(member: String, time: Double, partition: Int, offset: Int, value: String)] {
        try members.flatMap { member in
            try member.records().map { (member.name, $0.time, $0.partition, $0.offset, $0.value) }
        }
    }

    /// Writes numbered lines to a topic: each the number alone.
    func produceNumbers(_ address: String, _ topic: String, _ numbers: Range<Int>) async throws {
        let lines = numbers.map { "key-\($0 % 101)\t\($0)\n" }.joined()
        let file = try write("\(topic).\(numbers.lowerBound).numbers", lines)
        try await kcatWrite(address, topic, file)
    }

    /// Ends members in order, and expects them to be content.
    func end(_ members: [GroupMember]) async throws {
        for member in members { member.program.terminate() }
        for member in members { #expect(try await member.program.wait() == 0, "\(member.name)") }
    }
}
