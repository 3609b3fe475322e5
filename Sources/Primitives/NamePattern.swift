/// A name with wildcards: `*` for any run of bytes, `?` for one, `[a-z0-9]` for one of a class.
package struct NamePattern: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    private let pattern: [UInt8]

    package init(_ pattern: String) { self.pattern = Array(pattern.utf8) }
    package init(stringLiteral pattern: String) { self.init(pattern) }

    package var description: String { String(decoding: pattern, as: UTF8.self) }

    package func matches(_ name: [UInt8]) -> Bool {
        var at = 0
        var index = 0
        // Where to go on when what follows the last star did not fit: that star takes one byte more.
        var retry: (at: Int, index: Int)?
        while index < name.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                retry = (at + 1, index)
                at += 1
            } else if let next = step(at, name[index]) {
                at = next
                index += 1
            } else if let last = retry {
                retry = (last.at, last.index + 1)
                at = last.at
                index = last.index + 1
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// The place in the pattern behind what takes `byte`; nil where it does not.
    private func step(_ at: Int, _ byte: UInt8) -> Int? {
        guard at < pattern.count else { return nil }
        if pattern[at] == UInt8(ascii: "?") { return at + 1 }
        guard pattern[at] == UInt8(ascii: "["), let end = pattern[at...].firstIndex(of: UInt8(ascii: "]")) else {
            return pattern[at] == byte ? at + 1 : nil
        }
        var index = at + 1
        while index < end {
            if index + 2 < end, pattern[index + 1] == UInt8(ascii: "-") {
                if pattern[index] <= byte, byte <= pattern[index + 2] { return end + 1 }
                index += 3
            } else {
                if pattern[index] == byte { return end + 1 }
                index += 1
            }
        }
        return nil
    }
}

extension [NamePattern] {
    package func matches(_ name: [UInt8]) -> Bool { contains { $0.matches(name) } }
}
