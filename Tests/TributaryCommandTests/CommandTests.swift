import ArgumentParser
import Primitives
import Testing

@testable import KafkaClient
@testable import tributary

@Suite struct CommandTests {
    @Test(arguments: [
        ["consume", "t", "--instance-id", "i"], ["consume", "t", "--offset-reset", "latest"],
        ["consume", "t", "--group", ""], ["consume"], ["consume", "t", "--group", "g", "--assignor", "roundrobin"],
        ["consume", "t", "--group", "g", "--from-beginning", "--offset-reset", "latest"],
        ["consume", "t", "--group", "g", "--session-timeout", "10"],
        ["consume", "t", "--group", "g", "--session-timeout", "2h"],
        ["consume", "t", "--group", "g", "--max-poll-interval", "900ms"],
        ["consume", "t", "--group", "g", "--max-messages", "0"],
        ["consume", "t", "--group", String(repeating: "g", count: 40_000)],
        ["tail", String(repeating: "t", count: 250)], ["tail", "t", "--last", "-1"],
        ["tail", "t", "--from-beginning", "--last", "1"], ["tail", "t", "--bootstrap", "host:port"],
        ["groups", "describe"], ["groups", "delete"], ["groups", "reset-offsets", "g"],
        ["groups", "reset-offsets", "g", "--to-latest"], ["groups", "reset-offsets", "g", "--topic", "t"],
        ["groups", "reset-offsets", "g", "--topic", "t", "--all-topics", "--to-latest"],
        ["groups", "reset-offsets", "g", "--topic", "t", "--to-latest", "--to-earliest"],
        ["groups", "reset-offsets", "g", "--topic", "t:x", "--to-latest"],
        ["groups", "reset-offsets", "g", "--topic", "t:1,", "--to-latest"],
        ["groups", "reset-offsets", "g", "--topic", "t", "--to-offset", "-1"],
        ["groups", "reset-offsets", "g", "--topic", "t", "--to-time", "yesterday"],
        ["groups", "reset-offsets", "g", "--topic", "t", "--by-duration", "1"],
        ["topics", "alter", "t"], ["topics", "alter", "t", "--config", "retention.ms"],
        ["topics", "alter", "t", "--partitions", "0"],
        ["topics", "alter", "t", "--config", "a=1", "--reset-config", "a"], ["topics", "delete"],
        ["topics", "create", "t", "--config", "=1"],
    ])
    func `wrong arguments are refused before anything is done`(arguments: [String]) {
        #expect(throws: (any Error).self) { try Tributary.parseAsRoot(arguments) }
        do {
            _ = try Tributary.parseAsRoot(arguments)
        } catch {
            #expect(Tributary.exitCode(for: error) == .validationFailure)
            #expect(!Tributary.message(for: error).isEmpty)
        }
    }

    @Test(arguments: [
        ["consume", "a", "b.*", "--group", "g", "--assignor", "cooperative-sticky", "--session-timeout", "10s"],
        ["consume", "a", "--max-messages", "1", "--exit-at-end"],
        ["groups", "reset-offsets", "g", "--topic", "t:0,2", "--topic", "u", "--shift-by", "-5", "--execute"],
        ["groups", "reset-offsets", "g", "--all-topics", "--to-time", "2026-11-21T13:30", "--json"],
        ["topics", "alter", "t", "--config", "a=b=c", "--reset-config", "d", "--partitions", "3", "--dry-run"],
        ["groups", "list", "--state", "Empty"], ["topics", "delete", "a", "b", "--yes", "--json"],
    ])
    func `right arguments are taken`(arguments: [String]) {
        #expect(throws: Never.self) { try Tributary.parseAsRoot(arguments) }
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-11-21T13:30:00Z", 1_795_267_800_000),
        ("2026-11-21T14:30:00.5+01:00", 1_795_267_800_500), ("2026-11-21 13:30Z", 1_795_267_800_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000), ("1795267800123", 1_795_267_800_123),
        ("2026-11-21T08:00:00-0530", 1_795_267_800_000),
    ])
    func `times are read`(text: String, milliseconds: Int64) throws {
        #expect(try parseTime(text) == Timestamp(milliseconds: milliseconds))
    }

    @Test(arguments: [
        "", "now", "2026", "20261121", "2026-13-01", "2025-02-29T00:00:00Z", "2026-11-21T24:00:00Z",
        "2026-11-21T13:30:60Z",
        "2026-11-21T13:30:00X", "2026-11-21T13:30:00+25:00", "2026-11-21T13:30:00.Z", "1969-12-31T23:59:59Z", "-5",
        "2026-11-21T13:30:00ZZ", "٢٠٢٦-11-21",
    ])
    func `what is no time is not taken for one`(text: String) {
        #expect(throws: (any Error).self) { try parseTime(text) }
    }

    @Test func `topics are chosen by name and by pattern, and a pattern takes no internal ones`() {
        let selection = TopicSelection(["plain", "logs.*", "a?"])
        #expect(selection.names == ["plain"])
        func topic(_ name: String, isInternal: Bool = false) -> TopicMetadata {
            TopicMetadata(name: name, id: nil, isInternal: isInternal, partitions: [])
        }
        let chosen = selection.topics(among: [
            topic("logs.x"), topic("logs"), topic("ab"), topic("abc"), topic("logs.secret", isInternal: true),
        ])
        #expect(chosen == ["plain", "logs.x", "ab"])
    }

    @Test func `a table's columns are as wide as their widest cell, and numbers stand to the right`() {
        var table = Table(["NAME", "LAG", "NOTE"], indent: " ")
        table.add(["a", "5", ""])
        table.add(["longer", "-", "x"])
        #expect(table.text == " NAME    LAG  NOTE\n a         5\n longer    -  x\n")
    }
}

@Suite struct ResetPlanTests {
    private let place = TopicPartition(topic: "t", partition: 0)
    private let other = TopicPartition(topic: "t", partition: 1)

    private func plan(_ target: ResetTarget, found: [TopicPartition: Offset] = [:]) throws -> [Int64] {
        try ResetPlan(
            target, [place, other], committed: [place: Offset(50), other: Offset(5)],
            first: [place: Offset(10), other: .zero], end: [place: Offset(100), other: Offset(20)], found: found
        ).changes.map(\.new.value)
    }

    @Test func `each target is found, and bounded by the log`() throws {
        #expect(try plan(.earliest) == [10, 0])
        #expect(try plan(.latest) == [100, 20])
        #expect(try plan(.offset(15)) == [15, 15])
        #expect(try plan(.offset(3)) == [10, 3])
        #expect(try plan(.shift(-10)) == [40, 0])
        #expect(try plan(.shift(.max)) == [100, 20])
        #expect(try plan(.shift(.min)) == [10, 0])
        // Where no record is as late, the end.
        #expect(try plan(.time(Timestamp(milliseconds: 1)), found: [place: Offset(42)]) == [42, 20])
    }

    @Test func `what cannot be planned is an error that names the partition`() {
        #expect(throws: Complaint("nothing is committed for t/0, so there is nothing to shift")) {
            try ResetPlan(.shift(1), [place], committed: [:], first: [place: .zero], end: [place: .zero])
        }
        #expect(throws: Complaint.self) { try ResetPlan(.latest, [place], committed: [:], first: [:], end: [:]) }
    }

    @Test func `a topic's partitions are chosen by number`() {
        #expect(PartitionSelection("t:0,2")?.partitions == [0, 2])
        #expect(PartitionSelection("t")?.partitions == nil)
        for text in ["", ":1", "t:", "t:-1", "t:1,,2", "t:x"] { #expect(PartitionSelection(text) == nil) }
    }
}
