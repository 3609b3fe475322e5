import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// `tributary consume --group` and `tributary groups`, beside clients of other makes.
    @Suite struct Consume {
        private static let settings = "groups: {group.initial.rebalance.delay.ms: 200}\n"

        private func consumer(
            _ place: Playground, _ address: String, _ topic: String, _ options: [String] = [], group: String = "group"
        ) throws -> RunningProgram {
            try place.start(
                Programs.tributary,
                ["consume", topic, "--bootstrap", address, "--group", group, "--from-beginning", "--format", "value"]
                    + ["--session-timeout", "6s", "-v"] + options)
        }

        private func values(_ program: RunningProgram) -> [String] {
            String(decoding: program.standardOutput, as: UTF8.self).split(separator: "\n").map(String.init)
        }

        private func groups(_ place: Playground, _ address: String, _ arguments: [String]) async throws -> Any {
            let output = try await place.succeed(
                Programs.tributary, ["groups"] + arguments + ["--json", "--bootstrap", address])
            return try JSONSerialization.jsonObject(with: output)
        }

        private func lag(_ place: Playground, _ address: String, _ group: String = "group") async throws -> Int? {
            let described = try await groups(place, address, ["describe", group]) as? [[String: Any]]
            return described?.first?["lag"] as? Int
        }

        private func topic(_ place: Playground, _ address: String, _ name: String, partitions: Int = 6) async throws {
            try await place.succeed(
                Programs.tributary,
                ["topics", "create", name, "--partitions", "\(partitions)", "--bootstrap", address])
        }

        @Test(arguments: ["range", "cooperative-sticky"])
        func `members of ours and of librdkafka share a group, and each record is read once`(strategy: String)
            async throws
        {
            try await Playground.run { place in
                let address = try await place.collector(settings: Self.settings).address
                try await topic(place, address, "shared")
                var sent = 0
                func send() async throws {
                    try await place.produceNumbers(address, "shared", sent..<(sent + 500))
                    sent += 500
                }
                func readAll(_ ours: [RunningProgram], _ theirs: [GroupMember]) async throws {
                    try await eventually("\(sent) records are read") {
                        try ours.reduce(0) { $0 + values($1).count }
                            + theirs.reduce(0) { $0 + (try $1.records().count) }
                            >= sent
                    }
                }
                try await send()
                let first = try consumer(place, address, "shared", ["--assignor", strategy])
                try await readAll([first], [])
                let theirs = try place.member("theirs", .confluent, address, "shared", strategy: strategy)
                let second = try consumer(place, address, "shared", ["--assignor", strategy])
                try await eventually("all have partitions") {
                    try !theirs.partitions().isEmpty && second.standardError.contains("reading shared/")
                }
                for _ in 0..<3 { try await send() }
                try await readAll([first, second], [theirs])
                #expect(try await first.stop() == 0)
                try await send()
                try await readAll([first, second], [theirs])
                theirs.program.terminate()
                #expect(try await theirs.program.wait() == 0)
                try await send()
                try await readAll([first, second], [theirs])
                #expect(try await second.stop() == 0)
                let read = values(first) + values(second) + (try theirs.records().map(\.value))
                #expect(read.count == sent && Set(read).count == sent)
                #expect(try await lag(place, address) == 0)
            }
        }

        @Test func `a member that is killed loses nothing, and what it had committed is not read again`() async throws {
            try await Playground.run { place in
                let address = try await place.collector(settings: Self.settings).address
                try await place.produceNumbers(address, "kill", 0..<1000)
                let first = try consumer(place, address, "kill")
                try await eventually("all is read and committed") { values(first).count == 1000 }
                try await eventually("all is committed") { try await lag(place, address) == 0 }
                try await first.killAndWait()
                try await place.produceNumbers(address, "kill", 1000..<1200)
                let second = try consumer(place, address, "kill", ["--max-messages", "200"])
                #expect(try await second.wait() == 0)
                #expect(Set(values(second)) == Set((1000..<1200).map { "\($0)" }))
            }
        }

        @Test func `what was not written to standard output is not committed`() async throws {
            try await Playground.run { place in
                let address = try await place.collector(settings: Self.settings).address
                try await place.produceNumbers(address, "part", 0..<300)
                let some = try consumer(place, address, "part", ["--max-messages", "7"])
                #expect(try await some.wait() == 0)
                #expect(values(some).count == 7)
                #expect(try await lag(place, address) == 293)
                let rest = try consumer(place, address, "part", ["--exit-at-end"])
                #expect(try await rest.wait() == 0)
                #expect(Set(values(some) + values(rest)).count == 300 && values(rest).count == 293)
            }
        }

        /// A shell's words for one who reads nothing until a file is there, or for two minutes.
        private static func pause(until file: URL) -> String {
            "i=0; while [ ! -e '\(file.path)' ] && [ $i -lt 1200 ]; do sleep 0.1; i=$((i + 1)); done"
        }

        @Test func `while standard output takes nothing, nothing more is committed`() async throws {
            try await Playground.run { place in
                let address = try await place.collector(settings: Self.settings).address
                let lines = (0..<400).map { "k\t\($0) " + String(repeating: "x", count: 3000) + "\n" }
                try await place.kcatWrite(address, "stuck", try place.write("lines", lines.joined()))
                let go = place.directory.appending(path: "go")
                defer { try? Data().write(to: go) }
                let line = """
                    \(Programs.tributary.path) consume stuck --group group --from-beginning --bootstrap \(address) -v \
                    --max-poll-interval 4s | { \(Self.pause(until: go)); }
                    """
                let shell = try place.start(URL(filePath: "/bin/sh"), ["-c", line])
                try await eventually("it reads") { shell.standardError.contains("reading stuck/") }
                try await eventually("where it begins is committed") { try await lag(place, address) == 400 }
                // It gives its place up after some commit intervals.
                try await eventually("it leaves") {
                    let left = try await lag(place, address)
                    #expect(left == 400)
                    return shell.standardError.contains("left the group")
                }
                #expect(try await lag(place, address) == 400)
            }
        }

        @Test func `a member whose output is stuck leaves the group to others, and comes back when it is not`()
            async throws
        {
            try await Playground.run { place in
                let address = try await place.collector(settings: Self.settings).address
                let lines = (0..<400).map { "k\t\($0) " + String(repeating: "x", count: 3000) + "\n" }
                try await place.kcatWrite(address, "stuck", try place.write("lines", lines.joined()))
                let (go, out) = (place.directory.appending(path: "go"), place.directory.appending(path: "out"))
                let line = """
                    '\(Programs.tributary.path)' consume stuck --group group --from-beginning --format value -v \
                    --bootstrap \(address) --max-poll-interval 4s --max-messages 450 \
                    | { \(Self.pause(until: go)); cat > '\(out.path)'; }
                    """
                let stuck = try place.start(URL(filePath: "/bin/sh"), ["-c", line])
                try await eventually("it leaves") { stuck.standardError.contains("left the group") }
                let left = try await lag(place, address)
                let other = try consumer(place, address, "stuck", ["--exit-at-end"])
                #expect(try await other.wait() == 0)
                #expect(values(other).count == left && left ?? 0 > 200, "what is stuck is not committed")
                #expect(try await lag(place, address) == 0)
                // What was stuck comes out now, and it goes on behind what the other has read.
                try Data().write(to: go)
                try await eventually("it comes back") {
                    stuck.standardError.components(separatedBy: "reading stuck/").count >= 3
                }
                try await place.produceNumbers(address, "stuck", 0..<450)
                #expect(try await stuck.wait() == 0)
                let read = String(decoding: try Data(contentsOf: out), as: UTF8.self).split(separator: "\n")
                #expect(read.count == 450)
                let new = read.filter { !$0.contains("x") }
                #expect(
                    !new.isEmpty && Set(new).count == new.count
                        && new.count + read.count(where: { $0.contains("x") }) == 450)
                #expect(try await lag(place, address) == 450 - new.count)
            }
        }

        @Test func `a member goes on by itself when the collector was killed`() async throws {
            try await Playground.run { place in
                let collector = try await place.collector(settings: Self.settings)
                try await place.produceNumbers(collector.address, "restart", 0..<500)
                let member = try consumer(place, collector.address, "restart")
                try await eventually("all is read") { values(member).count == 500 }
                try await eventually("all is committed") { try await lag(place, collector.address) == 0 }
                try await collector.program.killAndWait()
                let again = try await place.collector(listen: collector.address, settings: Self.settings)
                try await place.produceNumbers(again.address, "restart", 500..<700)
                try await eventually("the rest is read") { Set(values(member)).count == 700 }
                #expect(try await member.stop() == 0)
                #expect(values(member).count == 700)
                #expect(try await lag(place, again.address) == 0)
            }
        }

        @Test func `a pattern takes up a topic that is made later`() async throws {
            try await Playground.run { place in
                let address = try await place.collector(settings: Self.settings).address
                try await place.produceNumbers(address, "app.one", 0..<10)
                let member = try consumer(place, address, "app.*")
                try await eventually("the first is read") { values(member).count == 10 }
                try await place.produceNumbers(address, "app.two", 10..<30)
                try await eventually("the second is read") { values(member).count == 30 }
                #expect(try await member.stop() == 0)
            }
        }

        @Test func `a static member that comes back has its partitions, and a second of its name ends the first`()
            async throws
        {
            try await Playground.run { place in
                let address = try await place.collector(settings: Self.settings).address
                try await topic(place, address, "static", partitions: 2)
                let one = try consumer(place, address, "static", ["--instance-id", "one"])
                try await eventually("it reads") { one.standardError.contains("reading static/0,1") }
                #expect(try await one.stop() == 0)
                let described = try await groups(place, address, ["describe", "group"]) as? [[String: Any]]
                #expect((described?.first?["members"] as? [Any])?.count == 1, "it did not leave")
                let back = try consumer(place, address, "static", ["--instance-id", "one"])
                try await eventually("it reads again") { back.standardError.contains("reading static/0,1") }
                #expect(back.standardError.contains("joined generation 1,"), "nothing was rebalanced")
                let rival = try consumer(place, address, "static", ["--instance-id", "one"])
                #expect(try await back.wait() == 1)
                #expect(back.standardError.contains("--instance-id"))
                #expect(try await rival.stop() == 0)
            }
        }

        @Test func `offsets are reset when the group has no members and only when told so`() async throws {
            try await Playground.run { place in
                let address = try await place.collector(settings: Self.settings).address
                try await topic(place, address, "reset", partitions: 1)
                try await place.produceNumbers(address, "reset", 0..<100)
                let member = try consumer(place, address, "reset")
                try await eventually("all is read") { values(member).count == 100 }
                try await eventually("all is committed") { try await lag(place, address) == 0 }
                let reset = [
                    "groups", "reset-offsets", "group", "--all-topics", "--shift-by", "-30", "--bootstrap", address,
                ]
                let refused = try place.start(Programs.tributary, reset + ["--execute"])
                #expect(try await refused.wait() == 1)
                #expect(refused.standardError.contains("stop them first"))
                #expect(try await member.stop() == 0)
                try await place.succeed(Programs.tributary, reset)
                #expect(try await lag(place, address) == 0, "a look changes nothing")
                try await place.succeed(Programs.tributary, reset + ["--execute"])
                #expect(try await lag(place, address) == 30)
                let again = try consumer(place, address, "reset", ["--exit-at-end"])
                #expect(try await again.wait() == 0)
                #expect(values(again) == (70..<100).map { "\($0)" })

                let listed = try await groups(place, address, ["list"]) as? [[String: Any]]
                #expect(listed?.map { $0["group"] as? String } == ["group"])
                #expect(listed?.first?["state"] as? String == "Empty")
                _ = try await groups(place, address, ["delete", "group", "--yes"])
                let gone = try place.start(Programs.tributary, ["groups", "describe", "group", "--bootstrap", address])
                #expect(try await gone.wait() == 1)
                #expect(gone.standardError.contains("tributary groups list"))
            }
        }

        @Test func `topics are changed and deleted, and refusals change nothing`() async throws {
            try await Playground.run { place in
                let address = try await place.collector().address
                try await topic(place, address, "changing", partitions: 2)
                func alter(_ options: [String]) throws -> RunningProgram {
                    try place.start(
                        Programs.tributary, ["topics", "alter", "changing", "--bootstrap", address] + options)
                }
                #expect(try await alter(["--partitions", "4", "--config", "retention.ms=5000"]).wait() == 0)
                // The setting would be taken, the partitions not.
                #expect(try await alter(["--partitions", "1", "--config", "retention.ms=7000"]).wait() == 1)
                #expect(try await alter(["--config", "no.such=1"]).wait() == 1)
                #expect(try await alter(["--dry-run", "--config", "retention.ms=9000"]).wait() == 0)
                let text = String(
                    decoding: try await place.succeed(
                        Programs.tributary, ["topics", "describe", "changing", "--bootstrap", address]), as: UTF8.self)
                #expect(text.contains("4 partitions") && text.contains("retention.ms = 5000"))
                let unanswered = try place.start(
                    Programs.tributary, ["topics", "delete", "changing", "--bootstrap", address])
                #expect(try await unanswered.wait() == 1)
                #expect(unanswered.standardError.contains("--yes"))
                let deleted = try await place.succeed(
                    Programs.tributary, ["topics", "delete", "changing", "--yes", "--json", "--bootstrap", address])
                #expect(String(decoding: deleted, as: UTF8.self) == #"{"deleted":["changing"],"failed":[]}"# + "\n")
                let twice = try place.start(
                    Programs.tributary, ["topics", "delete", "changing", "--yes", "--bootstrap", address])
                #expect(try await twice.wait() == 1)
            }
        }

        @Test(arguments: ["bash", "zsh", "fish"])
        func `the shell completes commands, and the names of topics`(shell: String) async throws {
            try await Playground.run { place in
                let script = try await place.succeed(Programs.tributary, ["--generate-completion-script", shell])
                #expect(String(decoding: script, as: UTF8.self).contains("reset-offsets"))
            }
        }

        @Test func `in bash, commands, options, topics and groups are completed`() async throws {
            try await Playground.run { place in
                let address = try await place.collector(settings: Self.settings).address
                for name in ["logs.web", "logs.db", "metrics.host"] { try await topic(place, address, name) }
                let member = try consumer(place, address, "logs.web", ["--exit-at-end"], group: "readers")
                #expect(try await member.wait() == 0)
                let script = try place.write(
                    "completion", try await place.succeed(Programs.tributary, ["--generate-completion-script", "bash"]))
                func offered(_ words: [String]) async throws -> Set<String> {
                    try await place.offered(words, script, address)
                }
                #expect(try await offered(["gro"]) == ["groups"])
                #expect(try await offered(["groups", "reset"]) == ["reset-offsets"])
                #expect(try await offered(["consume", "--off"]).contains("--offset-reset"))
                #expect(try await offered(["tail", "logs"]) == ["logs.web", "logs.db"])
                #expect(try await offered(["consume", "logs.web", "--group", ""]) == ["readers"])
                #expect(try await offered(["groups", "describe", "rea"]) == ["readers"])
                #expect(try await offered(["topics", "delete", "met"]) == ["metrics.host"])
                // As bash splits `--bootstrap 127.0.0.1:PORT`.
                let parts = address.split(separator: ":").map(String.init)
                let split = ["tail", "--bootstrap", parts[0], ":", parts[1], "logs.w"]
                #expect(try await place.offered(split, script, nil) == ["logs.web"])
            }
        }
    }
}

extension Playground {
    /// What bash offers for the last of these words.
    fileprivate func offered(_ words: [String], _ script: URL, _ address: String?) async throws -> Set<String> {
        let quoted = words.map { "'\($0)'" }.joined(separator: " ")
        let lines = [
            "source '\(script.path)'", address.map { "export TRIBUTARY_BOOTSTRAP=\($0)" } ?? "",
            "PATH='\(Programs.tributary.deletingLastPathComponent().path)':$PATH",
            "COMP_WORDS=(tributary \(quoted)); COMP_CWORD=\(words.count)",
            "COMP_LINE=\"${COMP_WORDS[*]}\"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMP_KEY=9",
            "_tributary tributary '\(words.last ?? "")' '\(words.dropLast().last ?? "tributary")' >/dev/null",
            "printf '%s\\n' \"${COMPREPLY[@]}\"",
        ]
        let output = try await succeed(URL(filePath: "/bin/bash"), ["-c", lines.joined(separator: "\n")])
        return Set(
            String(decoding: output, as: UTF8.self).split(separator: "\n")
                .map { $0.trimmingCharacters(in: .whitespaces) })
    }
}
