package import SystemPackage

/// A path pattern, matched by component and byte for byte.
///
/// `*` any bytes, `?` one character, `[a-z]` and `[!a-z]` one byte of a set, `**` as a whole component any number of
/// directories (also none), `\` takes the next character as it is. As in a shell, a leading dot is matched by a dot
/// only, except in a floating pattern.
///
/// An absolute pattern says where to look. A pattern that does not begin with `/` floats: it matches at any depth, as
/// if `**/` stood before it. Floating patterns serve to exclude.
package struct GlobPattern: Sendable, Hashable, CustomStringConvertible {
    package let text: String
    /// The directory above the first component with a wildcard, or above the file's name.
    let base: FilePath
    /// What has to be matched below `base`. Never ends in `anyDirectories`.
    let parts: [Part]
    let isFloating: Bool

    enum Part: Sendable, Hashable {
        case name([Token])
        case anyDirectories
    }

    enum Token: Sendable, Hashable {
        case byte(UInt8)
        case anyBytes
        case oneCharacter
        case oneOf([ClosedRange<UInt8>], negated: Bool)
    }

    package init(_ text: String) throws(GlobError) {
        self.text = text
        isFloating = !text.hasPrefix("/")
        var parts: [Part] = []
        for component in text.utf8.split(separator: UInt8(ascii: "/")) {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                throw GlobError(pattern: text, reason: "'..' is not supported, write the path without it")
            }
            if component.elementsEqual("**".utf8) {
                if parts.last != .anyDirectories { parts.append(.anyDirectories) }
            } else {
                parts.append(.name(try Self.tokens(of: Array(component), in: text)))
            }
        }
        if parts.isEmpty { throw GlobError(pattern: text, reason: "it names no file") }
        if parts.last == .anyDirectories { parts.append(.name([.anyBytes])) }

        var base = FilePath("/")
        if isFloating {
            if parts.first != .anyDirectories { parts.insert(.anyDirectories, at: 0) }
        } else {
            while parts.count > 1, case .name(let tokens) = parts[0], let name = Self.literal(tokens) {
                base.append(name)
                parts.removeFirst()
            }
        }
        self.base = base
        self.parts = parts
    }

    package func matches(_ path: FilePath) -> Bool {
        var rest = path.components.map { $0.bytes }[...]
        if !isFloating {
            for component in base.components {
                guard rest.popFirst() == component.bytes else { return false }
            }
        }
        return matches(rest)
    }

    package var description: String { text }

    /// Goes back to the last `**` on a mismatch and lets it take one directory more.
    private func matches(_ names: ArraySlice<[UInt8]>) -> Bool {
        var part = 0
        var name = names.startIndex
        var retry: (part: Int, name: Int)?
        while name < names.endIndex {
            if part < parts.count {
                switch parts[part] {
                case .anyDirectories:
                    part += 1
                    retry = (part, name)
                    continue
                case .name(let tokens):
                    if Self.matches(names[name], tokens, hiddenToo: isFloating) {
                        part += 1
                        name += 1
                        continue
                    }
                }
            }
            guard let (earlierPart, earlierName) = retry else { return false }
            if !isFloating && names[earlierName].first == UInt8(ascii: ".") { return false }
            part = earlierPart
            name = earlierName + 1
            retry = (earlierPart, name)
        }
        return part == parts.count
    }

    /// Goes back to the last `*` on a mismatch and lets it take one byte more.
    static func matches(_ name: [UInt8], _ tokens: [Token], hiddenToo: Bool = false) -> Bool {
        if !hiddenToo, name.first == UInt8(ascii: "."), tokens.first != .byte(UInt8(ascii: ".")) { return false }
        var token = 0
        var position = 0
        var retry: (token: Int, position: Int)?
        while position < name.count {
            if token < tokens.count {
                if tokens[token] == .anyBytes {
                    token += 1
                    retry = (token, position)
                    continue
                }
                if let taken = tokens[token].length(in: name, at: position) {
                    token += 1
                    position += taken
                    continue
                }
            }
            guard let (earlierToken, earlierPosition) = retry else { return false }
            token = earlierToken
            position = earlierPosition + 1
            retry = (earlierToken, position)
        }
        while token < tokens.count, tokens[token] == .anyBytes { token += 1 }
        return token == tokens.count
    }
}

extension GlobPattern.Token {
    /// How many bytes of `name` this takes at `position`; nil where it does not match.
    fileprivate func length(in name: [UInt8], at position: Int) -> Int? {
        switch self {
        case .byte(let byte): return name[position] == byte ? 1 : nil
        case .anyBytes: return 0
        case .oneOf(let ranges, let negated):
            return ranges.contains { $0.contains(name[position]) } != negated ? 1 : nil
        case .oneCharacter:
            // With its continuation bytes, where it is UTF-8.
            var end = position + 1
            if name[position] >= 0xc0 {
                while end < name.count, end - position < 4, name[end] & 0xc0 == 0x80 { end += 1 }
            }
            return end - position
        }
    }
}

extension GlobPattern {
    private static func tokens(of component: [UInt8], in text: String) throws(GlobError) -> [Token] {
        var tokens: [Token] = []
        var position = 0
        while position < component.count {
            let byte = component[position]
            position += 1
            switch byte {
            case UInt8(ascii: "*"): if tokens.last != .anyBytes { tokens.append(.anyBytes) }
            case UInt8(ascii: "?"): tokens.append(.oneCharacter)
            case UInt8(ascii: "["): tokens.append(try set(of: component, at: &position, in: text))
            case UInt8(ascii: "\\"):
                guard position < component.count else {
                    throw GlobError(pattern: text, reason: "nothing follows the last '\\'")
                }
                tokens.append(.byte(component[position]))
                position += 1
            default: tokens.append(.byte(byte))
            }
        }
        return tokens
    }

    /// The set behind a "[", and `position` behind its "]".
    private static func set(
        of component: [UInt8], at position: inout Int, in text: String
    ) throws(GlobError) -> Token {
        var negated = false
        if position < component.count,
            component[position] == UInt8(ascii: "!") || component[position] == UInt8(ascii: "^")
        {
            negated = true
            position += 1
        }
        var ranges: [ClosedRange<UInt8>] = []
        while position < component.count {
            let low = component[position]
            // A "]" in the first place stands for itself.
            if low == UInt8(ascii: "]") && !ranges.isEmpty {
                position += 1
                return .oneOf(ranges, negated: negated)
            }
            var high = low
            if position + 2 < component.count, component[position + 1] == UInt8(ascii: "-"),
                component[position + 2] != UInt8(ascii: "]")
            {
                high = component[position + 2]
                position += 2
            }
            position += 1
            if low > high { throw GlobError(pattern: text, reason: "a range in '[…]' is the wrong way round") }
            ranges.append(low...high)
        }
        throw GlobError(pattern: text, reason: "a '[' has no ']'")
    }

    private static func literal(_ tokens: [Token]) -> FilePath.Component? {
        var bytes: [UInt8] = []
        for token in tokens {
            guard case .byte(let byte) = token else { return nil }
            bytes.append(byte)
        }
        return FilePath.Component(bytes: bytes)
    }
}

/// A pattern that cannot be understood.
package struct GlobError: Error, Sendable, CustomStringConvertible {
    package var pattern: String
    package var reason: String

    package var description: String { "glob '\(pattern)': \(reason)" }
}
