import Testing

@testable import YAMLConfiguration

private func value<Value>(_ text: String, _ form: Form<Value>, environment: [String: String] = [:]) -> Value? {
    try? read("key: \(text)", .section { $0.required("key", form) }, environment: environment).get()
}

@Suite struct ScalarTests {
    @Test(arguments: ["no", "on", "1e3", "0777", "~", "null", "1_000", "12:30", "0x1f", "2026-11-21", ".inf", "true"])
    func `a text is the characters that were written, whatever YAML 1.1 takes them for`(text: String) {
        #expect(value(text, .text) == text)
        #expect(value(text, .integer(0...Int.max)) == nil)
    }

    @Test(arguments: ["yes", "no", "on", "off", "True", "TRUE", "1", "~", "\"true\"", "'false'"])
    func `only true and false are booleans`(text: String) {
        #expect(value(text, .boolean) == nil)
        #expect(value("true", .boolean) == true)
        #expect(value("false", .boolean) == false)
    }

    @Test func `whole numbers are decimal, in their range, and never quoted`() {
        let form = Form<Int>.integer(-5...70_000)
        #expect(value("0", form) == 0)
        #expect(value("-5", form) == -5)
        #expect(value("+7", form) == 7)
        #expect(value("70000", form) == 70_000)
        for wrong in ["-6", "70001", "007", "-", "+", "1.0", "1 0", "\"7\"", "'7'", "٣", "99999999999999999999"] {
            #expect(value(wrong, form) == nil, "\(wrong)")
        }
    }

    @Test(arguments: [
        ("0", 0), ("17", 17), ("17B", 17), ("3kB", 3000), ("3KB", 3000), ("2MB", 2_000_000), ("1GB", 1_000_000_000),
        ("1TB", 1_000_000_000_000), ("64KiB", 65_536), ("1MiB", 1_048_576), ("2GiB", 2_147_483_648),
        ("1TiB", 1_099_511_627_776), ("\"1MiB\"", 1_048_576),
    ])
    func `sizes are whole numbers with a unit`(text: String, size: Int) {
        #expect(value(text, .byteSize(0...Int.max)) == size)
    }

    @Test(arguments: [
        "1kib", "1M", "-1", "1.5MiB", "01MiB", "MiB", "1 MiB", "9999999TiB", "99999999999999999999", "1MiBs",
    ])
    func `what is no size is refused, and none overflows`(text: String) {
        #expect(value(text, .byteSize(0...Int.max)) == nil)
    }

    @Test func `durations are one whole number and one unit`() {
        let form = Form<Duration>.duration(.zero ... .seconds(1000 * 86_400))
        let good: [(String, Duration)] = [
            ("0", .zero), ("500ms", .milliseconds(500)), ("10s", .seconds(10)), ("5m", .seconds(300)),
            ("2h", .seconds(7200)), ("7d", .seconds(604_800)), ("\"10s\"", .seconds(10)),
        ]
        for (text, duration) in good { #expect(value(text, form) == duration, "\(text)") }
        for wrong in ["10", "-1s", "1.5s", "010s", "1h30m", "s", "10 s", "10S", "10us", "1001d", "9999999999999999d"] {
            #expect(value(wrong, form) == nil, "\(wrong)")
        }
    }

    @Test func `a size and a duration are shown as they can be written`() {
        for size in [1, 1000, 1024, 1 << 20, 1_000_000, 24 << 20, 3 << 30] {
            let text = ByteSize.text(size)
            #expect(ByteSize.parse(text.replacing(" bytes", with: "")) == size)
        }
        for milliseconds in [1, 100, 1000, 60_000, 90_000, 3_600_000, 86_400_000] {
            let duration = Duration.milliseconds(milliseconds)
            #expect(DurationText.parse(DurationText.text(duration)) == duration)
        }
    }

    @Test func `a map keeps the user's own keys`() {
        #expect(value("{a: 1, 'b c': 2}", .map(of: .integer(0...9))) == ["a": 1, "b c": 2])
        #expect(value("", .map(of: .integer(0...9))) == [:])
    }
}

@Suite struct EnvironmentTests {
    private let variables = ["HOST": "db-1", "EMPTY": "", "NESTED": "${env:HOST}", "BAD": "a b"]

    @Test(arguments: [
        ("${env:HOST}", "db-1"), ("a-${env:HOST}-${env:HOST}", "a-db-1-db-1"), ("${env:NONE:-other}", "other"),
        ("${env:EMPTY:-other}", "other"), ("x${env:EMPTY}", "x"), ("x${env:NONE:-}", "x"),
        ("${env:NONE:-a:-b}", "a:-b"), ("$${env:HOST}", "${env:HOST}"), ("$HOST ${HOST} $", "$HOST ${HOST} $"),
        ("${env:NESTED}", "${env:HOST}"), ("a$${env:X}$", "a${env:X}$"),
    ])
    func `variables are filled in where they are named, once`(text: String, filled: String) {
        #expect(value("'\(text)'", .text, environment: variables) == filled)
        #expect(value("\"\(text)\"", .text, environment: variables) == filled)
    }

    @Test(arguments: [
        ("${env:NONE}", "the environment variable NONE is not set; ${env:NONE:-…} would give a default"),
        ("${env:HOST", "${env:… is not closed by }; write $${env: for the characters"),
        ("${env:}", "expected ${env:NAME} or ${env:NAME:-default}, found \"${env:}\""),
        ("${env:A B}", "expected ${env:NAME} or ${env:NAME:-default}, found \"${env:A B}\""),
        ("${env:HOST:x}", "expected ${env:NAME} or ${env:NAME:-default}, found \"${env:HOST:x}\""),
        ("${env:EMPTY}", "expected a text, found something else when \"${env:EMPTY}\" was filled in"),
    ])
    func `what cannot be filled in is refused`(text: String, message: String) {
        let form = Form<String>.section { $0.required("key", .text) }
        #expect(problems(read("key: '\(text)'", form, environment: variables)) == ["f.yaml:1:6: key: \(message)"])
    }

    @Test func `a variable's value is not shown when it does not fit`() {
        let form = Form<HostPort>.section { $0.required("key", .hostPort) }
        let found = problems(read("key: ${env:SECRET}", form, environment: ["SECRET": "hunter2"]))
        #expect(found.count == 1)
        #expect(found.allSatisfy { !$0.contains("hunter2") })
        #expect(value("'${env:HOST}:9092'", .hostPort, environment: variables) == HostPort(host: "db-1", port: 9092))
    }

    @Test func `keys and numbers are not filled in`() {
        let form = Form<Int>.section { $0.required("key", .integer(1...9)) }
        let found = problems(read("key: '${env:HOST}'", form, environment: variables))
        #expect(found.first?.contains("${env:…} is filled in only where a text is expected") == true)
        #expect(problems(read("'${env:HOST}': 1\nkey: 1", form, environment: ["HOST": "key"])).count == 1)
    }
}

@Suite struct HostPortTests {
    @Test(arguments: [
        ("127.0.0.1:9092", "127.0.0.1", 9092), ("collector.example:1", "collector.example", 1),
        ("[::1]:9092", "::1", 9092), ("[fe80::1%eth0]:65535", "fe80::1%eth0", 65535), ("my_host-1:80", "my_host-1", 80),
        ("host:0", "host", 0),
    ])
    func `addresses are read and shown alike`(text: String, host: String, port: Int) {
        #expect(HostPort(parsing: text) == HostPort(host: host, port: port))
        #expect(HostPort(host: host, port: port).description == text)
    }

    @Test(arguments: [
        "", ":", "host", "host:", ":9092", "host:65536", "host:-1", "host:09", "host:1x", "::1:9092", "[::1]", "[]:1",
        "[host]:1", "a b:1", "256.1.1.1:1", "1.2.3:1", "http://host:1", "-x:1", "host:9092:1", "hö:1",
    ])
    func `what is no address is refused`(text: String) {
        #expect(HostPort(parsing: text) == nil)
    }
}
