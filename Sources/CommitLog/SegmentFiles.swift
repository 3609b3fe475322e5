internal import FileAccess
package import Primitives
package import SystemPackage

/// The files of a segment, by its base offset.
package struct SegmentNames: Sendable {
    package let directory: FilePath
    package let baseOffset: Offset

    package init(directory: FilePath, baseOffset: Offset) {
        self.directory = directory
        self.baseOffset = baseOffset
    }

    package var log: FilePath { path("log") }
    package var index: FilePath { path("index") }
    package var timeIndex: FilePath { path("timeindex") }
    package var producers: FilePath { path("producers") }

    /// What an offset can be: far from where arithmetic with it would overflow.
    static let offsets = Offset.zero..<Offset(1 << 62)

    private func path(_ suffix: String) -> FilePath {
        directory.appending(Self.digits(baseOffset) + "." + suffix)
    }

    /// An offset as file names have it: 20 digits.
    static func digits(_ offset: Offset) -> String {
        let digits = String(offset.value)
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits
    }

    /// The base offset and the suffix that a file's name tells; nil where the name is not that of a segment's file.
    static func parse(_ name: String) -> (baseOffset: Offset, suffix: Substring)? {
        let digits = name.utf8.prefix(20)
        let rest = name.utf8.dropFirst(20)
        guard digits.count == 20, digits.allSatisfy({ (0x30...0x39).contains($0) }), rest.first == UInt8(ascii: "."),
            let value = Int64(name.prefix(20)), offsets.contains(Offset(value))
        else { return nil }
        return (Offset(value), name.dropFirst(21))
    }

    /// The base offset that a file's name tells; nil where it is not that of a segment's file with this suffix.
    static func baseOffset(of name: FilePath.Component, suffix: String) -> Offset? {
        parse(name.string).flatMap { $0.suffix == suffix ? $0.baseOffset : nil }
    }
}
