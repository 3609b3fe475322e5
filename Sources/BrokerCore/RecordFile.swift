internal import FileAccess
internal import Primitives
internal import SystemPackage

/// A small table on disk, such as the access rules or the quotas: read as a whole at the start, and replaced as a whole,
/// durably, at every change.
///
/// Text, one record a line, fields separated by a space. In a field every byte that is not a letter, a digit or one of
/// `._:*/-` is written as `%` and two hexadecimal digits; an empty field is a `%` alone.
///
///     tributary-acls 1                  name and version of the table
///     topic logs. prefixed User:alice * read allow
///     end 1 0f3a9c11                    number of records, CRC-32C of all that stands before this line
///
/// A file without its last line, or with another checksum, is refused: a rule that went missing unseen could open what
/// it was to close.
struct RecordFile: Sendable {
    /// More than this is taken for damage.
    static let maximumBytes = 64 << 20

    let path: FilePath
    /// The first line.
    let header: String
    /// What to do about a file that cannot be read.
    let remedy: String
    let fileSystem: any FileSystem

    /// - Returns: every record's fields, with the number of its line; none where there is no file.
    func read() throws -> [(line: Int, fields: [String])] {
        guard try fileSystem.exists(path) else { return [] }
        let bytes = try fileSystem.readWhole(path, limit: Self.maximumBytes + 1)
        guard bytes.count <= Self.maximumBytes else { throw damaged("larger than \(Self.maximumBytes) bytes") }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.first.map({ $0.elementsEqual(header.utf8) }) == true else {
            throw damaged("line 1: expected \"\(header)\"")
        }
        // The line break behind the last line leaves an empty one.
        guard lines.count >= 3, lines[lines.count - 1].isEmpty else { throw damaged("its end is missing") }
        let body = lines.dropLast(2).reduce(0) { $0 + $1.count + 1 }
        let end = Self.end(records: lines.count - 3, of: Array(bytes[..<body]))
        guard lines[lines.count - 2].elementsEqual(end.utf8) else {
            throw damaged("line \(lines.count - 1): the checksum of what stands before it is \"\(end)\"")
        }
        return try lines[1..<(lines.count - 2)].enumerated().map { index, line in
            let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(Self.decoded)
            guard !fields.contains(nil) else { throw damaged("line \(index + 2): not a record") }
            return (index + 2, fields.compactMap { $0 })
        }
    }

    /// Replaces the table. Durable on return; after an error the old one is there.
    func write(_ records: [[String]]) throws(FileError) {
        let lines = [header] + records.map { $0.map(Self.encoded).joined(separator: " ") }
        var text = Array((lines.joined(separator: "\n") + "\n").utf8)
        text += Array((Self.end(records: records.count, of: text) + "\n").utf8)
        try fileSystem.replace(path, with: text.rawBytes)
    }

    func damaged(_ what: String) -> DataDirectoryError { DataDirectoryError("\(path), \(what); \(remedy)") }

    private static func end(records: Int, of text: [UInt8]) -> String {
        let digits = String(CRC32C.of(text.rawBytes), radix: 16)
        return "end \(records) " + String(repeating: "0", count: 8 - digits.count) + digits
    }

    private static func encoded(_ field: String) -> String {
        if field.isEmpty { return "%" }
        var text: [UInt8] = []
        for byte in field.utf8 {
            if isPlain(byte) {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "%"), hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func decoded(_ text: ArraySlice<UInt8>) -> String? {
        if text.elementsEqual([UInt8(ascii: "%")]) { return "" }
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap({ hexadecimal.firstIndex(of: $0) }),
                    let low = rest.popFirst().flatMap({ hexadecimal.firstIndex(of: $0) })
                else { return nil }
                bytes.append(UInt8(high << 4 | low))
            } else {
                guard isPlain(byte) else { return nil }
                bytes.append(byte)
            }
        }
        return bytes.isEmpty ? nil : String(validating: bytes, as: UTF8.self)
    }

    private static let hexadecimal = Array("0123456789abcdef".utf8)

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "._:*/-".utf8.contains(byte)
        }
    }
}
