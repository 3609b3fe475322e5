import Testing

@testable import YAMLConfiguration

private enum Color: String, CaseIterable { case red, green, blue }

/// A form with one key of each kind, whose values do not matter.
private var kinds: Form<Bool> {
    .section { section in
        _ = section.value("text", .text)
        _ = section.value("number", .integer(1...100))
        _ = section.value("flag", .boolean)
        _ = section.value("size", .byteSize(1...1 << 30))
        _ = section.value("time", .duration(.milliseconds(100) ... .seconds(86_400)))
        _ = section.value("color", Form<Color>.choice)
        _ = section.value("list", .list(of: .integer(0...9)))
        _ = section.value("map", .map(of: .integer(0...9)))
        _ = section.value("section", .section { inner in inner.value("deep_key", .text, default: "") })
        return true
    }
}

private func kindProblems(_ text: String) -> [String] { problems(read(text, kinds)) }

@Suite struct DocumentTests {
    @Test(arguments: [
        ("text: [a", "f.yaml:2:1: while parsing a flow sequence from 1:7: did not find expected ',' or ']'"),
        ("text: a\n  b: c", "f.yaml:2:4: mapping values are not allowed in this context"),
        ("text: \"a", "f.yaml:1:9: while scanning a quoted scalar from 1:7: found unexpected end of stream"),
        (
            "text: a\n\tnumber: 1",
            "f.yaml:2:1: while scanning a plain scalar from 1:7: found a tab character that violates indentation"
        ),
        ("text: a\u{1}b", "f.yaml:1:8: control characters are not allowed"),
        ("text: a\n---\ntext: b", "f.yaml:2:1: a second document begins here; a configuration is one"),
        ("? [a]\n: b", "f.yaml:1:3: a key has to be a text, found a list"),
        ("- a", "f.yaml:1:1: expected a section of keys and values, found a list"),
        ("just text", "f.yaml:1:1: expected a section of keys and values, found \"just text\""),
    ])
    func `what is no configuration is refused with its place`(text: String, message: String) {
        #expect(kindProblems(text) == [message])
    }

    @Test func `bytes that are no UTF-8 are refused with their place`() {
        let result = Result { () throws(ConfigurationError) in
            try readConfiguration(
                Array("text: a\nlist: é".utf8) + [0xff, 0x0a], source: "f.yaml", environment: Environment([:]),
                as: kinds
            )
        }
        #expect(problems(result) == ["f.yaml:2:8: invalid leading UTF-8 octet"])
    }

    @Test func `an empty file is an empty section`() {
        for text in ["", "\n", "# only a comment\n", "---\n", "{}"] { #expect(kindProblems(text) == []) }
    }

    @Test func `duplicate keys are refused, each with the line of the first`() {
        let text = "text: a\nsection:\n  deep_key: b\n  deep_key: c\nlist: [1]\ntext: d\n"
        #expect(
            kindProblems(text) == [
                "f.yaml:4:3: section.deep_key: duplicate key; it is there already in line 3",
                "f.yaml:6:1: text: duplicate key; it is there already in line 1",
            ])
    }

    @Test func `anchors, aliases and tags are refused, so that no file can blow itself up`() {
        #expect(
            kindProblems("list: &a [1]\nmap: {b: *a}\ntext: !!str x\n") == [
                "f.yaml:1:7: anchors (&name) are not supported here; write the value out",
                "f.yaml:2:10: aliases (*name) are not supported here; write the value out",
                "f.yaml:2:10: map.b: expected a whole number from 0 to 9, found nothing",
                "f.yaml:3:7: tags (!name) are not supported here; leave it out",
            ])
    }

    @Test func `depth, number of values and size are bounded`() {
        #expect(
            kindProblems("list: " + String(repeating: "[", count: 100_000)) == [
                "f.yaml:1:38: nested deeper than 32 levels"
            ])
        #expect(
            kindProblems("list: [" + String(repeating: "1,", count: 60_000) + "1]") == [
                "f.yaml:1:100006: more than 50000 values"
            ])
        #expect(
            kindProblems("text: " + String(repeating: "a", count: 1 << 20)) == [
                "f.yaml:1:1: the file is too large: more than 1MiB are not read"
            ])
    }

    @Test func `columns count characters, and a byte order mark is none`() {
        #expect(
            kindProblems("{\"text\": \"äöü\", nmber: 1}") == [
                "f.yaml:1:17: nmber: unknown key; did you mean \"number\"?"
            ])
        #expect(kindProblems("\u{feff}text: a") == [])
    }
}

@Suite struct ProblemTests {
    @Test func `all problems of a file are told at once, in its order`() {
        let text = """
            txt: a
            number: 101
            section:
              deep-key: x
            list: [1, x, 10]
            color: gren
            """
        #expect(
            kindProblems(text) == [
                "f.yaml:1:1: txt: unknown key; did you mean \"text\"?",
                "f.yaml:2:9: number: expected a whole number from 1 to 100, found \"101\"",
                "f.yaml:4:3: section.deep-key: unknown key; did you mean \"deep_key\"?",
                "f.yaml:5:11: list[1]: expected a whole number from 0 to 9, found \"x\"",
                "f.yaml:5:14: list[2]: expected a whole number from 0 to 9, found \"10\"",
                "f.yaml:6:8: color: expected one of red, green, blue, found \"gren\"; did you mean \"green\"?",
            ])
    }

    @Test func `a key that resembles none is answered with those that are known`() {
        #expect(
            kindProblems("section: {zzz: 1}") == ["f.yaml:1:11: section.zzz: unknown key; known here: deep_key"])
    }

    @Test func `no more than 100 problems are listed, and the rest counted`() {
        let text = (0..<250).map { "key\($0)zzzzzz: 1" }.joined(separator: "\n")
        guard case .failure(let error) = read(text, kinds) else { Issue.record("accepted"); return }
        #expect(error.problems.count == 100)
        #expect(error.omitted == 150)
        #expect(error.description.hasSuffix("\nand 150 more problems"))
    }

    @Test func `what a message quotes is cut, and shows control characters as such`() {
        let long = String(repeating: "x", count: 1000)
        #expect(kindProblems("number: \(long)")[0].count < 150)
        #expect(kindProblems("number: \"a\\u001b[2J\"")[0].hasSuffix("found \"a\\u{1B}[2J\""))
        #expect(kindProblems("\"a\\nb\": 1")[0].hasPrefix("f.yaml:1:1: \"a\\nb\": unknown key"))
    }

    @Test(arguments: [
        ("text: [a]", "expected a text, found a list"),
        ("text:", "expected a text, found nothing"),
        ("text: \"\"", "expected a text, found an empty text"),
        ("text: \"a\\0b\"", "expected a text, found \"a\\0b\""),
        ("number: {a: 1}", "expected a whole number from 1 to 100, found a section with keys"),
        ("number:", "expected a whole number from 1 to 100, found nothing"),
        ("flag: maybe", "expected true or false (without quotes), found \"maybe\""),
        (
            "size: 1.5MiB",
            "expected a size from 1 bytes to 1GiB, such as 64KiB, 1MiB, 1GB or plain bytes, found \"1.5MiB\""
        ),
        ("time: 10", "expected a duration from 100ms to 1d, such as 500ms, 10s, 5m, 2h or 7d, found \"10\""),
        ("color: pink", "expected one of red, green, blue, found \"pink\""),
        ("list: 1", "expected a list, found \"1\"; write [1] for a list of one"),
        ("list: {a: 1}", "expected a list, found a section with keys"),
        ("map: [1]", "expected a section of names and values, found a list"),
        ("section: a", "expected a section of keys and values, found \"a\""),
    ])
    func `a value of the wrong kind is refused with what was expected`(text: String, message: String) {
        let found = kindProblems(text)
        #expect(found.count == 1)
        #expect(found.first?.hasSuffix(": " + message) == true, "\(found)")
    }
}
