internal import Primitives

/// Prints a text that ends with a newline.
func printText(_ text: String) throws {
    var output = StandardOutput()
    try output.put(text)
    try output.flush()
}

/// Prints one JSON value on a line.
func printJSON(_ body: (inout JSONText) throws -> Void) throws {
    var text = JSONText()
    try body(&text)
    var output = StandardOutput()
    try output.put(text.bytes.rawBytes)
    output.put(UInt8(ascii: "\n"))
    try output.flush()
}

extension JSONText {
    mutating func array<Element>(
        _ elements: some Sequence<Element>, _ body: (inout JSONText, Element) throws -> Void
    ) rethrows {
        open("[")
        for element in elements { try body(&self, element) }
        close("]")
    }

    mutating func object(_ body: (inout JSONText) throws -> Void) rethrows {
        open("{")
        try body(&self)
        close("}")
    }

    mutating func member(_ name: String, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    mutating func member(_ name: String, _ value: (some BinaryInteger)?) {
        key(name)
        if let value { number(value) } else { null() }
    }

    mutating func member(_ name: String, _ value: Bool) {
        key(name)
        boolean(value)
    }
}
