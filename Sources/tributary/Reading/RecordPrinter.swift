internal import ArgumentParser
internal import ForeignCodecs
internal import KafkaClient
internal import Primitives
internal import RecordBatches

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

enum RecordFormat: String, ExpressibleByArgument, CaseIterable {
    /// Local time, partition, offset, key, value.
    case text
    /// One object a line.
    case json
    /// The value and a newline.
    case value
    /// The value's bytes, and nothing else.
    case raw
}

/// Writes records in one of the formats.
struct RecordPrinter: ~Copyable {
    private let format: RecordFormat
    private let showsTopic: Bool
    private var json = JSONText()
    private var clock = LocalTime()
    var output = StandardOutput()

    init(format: RecordFormat, showsTopic: Bool) {
        self.format = format
        self.showsTopic = showsTopic
    }

    /// Prints the records from the offset wanted on, at most `limit`.
    ///
    /// - Returns: how many were printed, and the first offset that was not.
    mutating func print(_ batch: FetchedBatch, limit: Int) throws -> (count: Int, next: Offset) {
        if batch.header.attributes.isControl { return (0, batch.header.nextOffset) }
        let contents = try batch.contents(foreign: ForeignCodecs.decompress)
        var printed = 0
        for record in try contents.records() where record.offset >= batch.from {
            if printed == limit { return (printed, record.offset) }
            switch format {
            case .value, .raw:
                if let value = record.value { try output.put(contents.payload.rawBytes.extracting(value)) }
                if format == .value { output.put(UInt8(ascii: "\n")) }
            case .text: try text(batch, contents, record)
            case .json: try object(batch, contents, record)
            }
            printed += 1
        }
        return (printed, batch.header.nextOffset)
    }

    private mutating func text(
        _ batch: FetchedBatch, _ contents: RecordBatchContents, _ record: RecordBatchContents.Record
    ) throws {
        let topic = showsTopic ? batch.topic + " " : ""
        let time = clock.text(of: record.timestamp)
        try output.put("\(topic)\(time) \(batch.partition) \(record.offset) ")
        if let key = record.key {
            try visible(contents.payload.rawBytes.extracting(key))
        } else {
            output.put(UInt8(ascii: "-"))
        }
        output.put(UInt8(ascii: " "))
        if let value = record.value { try visible(contents.payload.rawBytes.extracting(value)) }
        output.put(UInt8(ascii: "\n"))
    }

    /// What a log line holds must not steer the terminal that shows it.
    private mutating func visible(_ bytes: RawSpan) throws {
        var start = 0
        for position in 0..<bytes.byteCount {
            let byte = bytes.byte(at: position)
            guard byte < 0x20 && byte != 0x09 || byte == 0x7f else { continue }
            try output.put(bytes.extracting(start..<position))
            try output.put(byte < 16 ? "\\x0\(String(byte, radix: 16))" : "\\x\(String(byte, radix: 16))")
            start = position + 1
        }
        try output.put(bytes.extracting(start..<bytes.byteCount))
    }

    private mutating func object(
        _ batch: FetchedBatch, _ contents: RecordBatchContents, _ record: RecordBatchContents.Record
    ) throws {
        json.clear()
        json.open("{")
        json.key("topic")
        json.string(batch.topic)
        json.key("partition")
        json.number(batch.partition)
        json.key("offset")
        json.number(record.offset.value)
        json.key("timestamp")
        json.number(record.timestamp.milliseconds)
        member("key", contents, record.key)
        member("value", contents, record.value)
        if !record.headers.isEmpty {
            json.key("headers")
            json.open("[")
            for header in record.headers {
                json.open("{")
                member("key", contents, header.key)
                member("value", contents, header.value)
                json.close("}")
            }
            json.close("]")
        }
        json.close("}")
        let line = json.bytes
        try output.put(line.rawBytes)
        output.put(UInt8(ascii: "\n"))
    }

    private mutating func member(_ name: String, _ contents: RecordBatchContents, _ range: Range<Int>?) {
        if let range {
            json.member(name, contents.payload.rawBytes.extracting(range))
        } else {
            json.key(name)
            json.null()
        }
    }
}

/// `2026-11-21 13:30:42.123` in the time zone of this process; remembers the last second.
struct LocalTime {
    private var second: Int64?
    private var prefix = ""

    mutating func text(of timestamp: Timestamp) -> String {
        guard timestamp.milliseconds >= 0 else { return "-" }
        let (whole, rest) = timestamp.milliseconds.quotientAndRemainder(dividingBy: 1000)
        if second != whole {
            var time = time_t(whole)
            var parts = unsafe tm()
            guard unsafe localtime_r(&time, &parts) != nil else { return "\(timestamp)" }
            let date = unsafe [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)]
            let clock = unsafe [Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec)]
            prefix =
                date.map(Self.twoDigits).joined(separator: "-") + " "
                + clock.map(Self.twoDigits).joined(separator: ":") + "."
            second = whole
        }
        return prefix + (rest < 10 ? "00" : rest < 100 ? "0" : "") + String(rest)
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
