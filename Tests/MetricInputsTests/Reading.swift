import FileAccess
import HostMetrics
import Primitives
import SystemPackage
import TestSupport
import Testing

@testable import MetricInputs

let now = Timestamp(milliseconds: 1_795_263_231_000)

struct FixedClock: WallClock {
    func now() -> Timestamp { Timestamp(milliseconds: 1_795_263_231_000) }
}

/// What a text is read as, in pieces of `step` bytes.
func page(
    _ text: String, _ dialect: ExpositionDialect = .text, series: Int = 1000, step: Int = .max,
    adding labels: [MetricAttribute] = []
) -> Page {
    page(Array(text.utf8), dialect, series: series, step: step, adding: labels)
}

func page(
    _ bytes: [UInt8], _ dialect: ExpositionDialect = .text, series: Int = 1000, step: Int = .max,
    adding labels: [MetricAttribute] = []
) -> Page {
    var reader = PageReader(
        dialect, ExpositionLimits(series: series), catalog: MetricCatalog(source: "(test)"), at: now, adding: labels)
    var position = 0
    while position < bytes.count {
        let end = step == .max ? bytes.count : min(bytes.count, position + step)
        reader.take(Array(bytes[position..<end]))
        position = end
    }
    return reader.finish().0
}

extension MetricPoint {
    /// `name{key=value,…} value`, with the kind before it where it is no gauge.
    var told: String {
        let labels = attributes.map { "\($0.key)=\($0.value.plain)" }.joined(separator: ",")
        return (kind == .gauge ? "" : "\(kind.rawValue) ") + name + (labels.isEmpty ? "" : "{\(labels)}")
            + " \(value.plain)"
    }
}

extension AttributeValue {
    var plain: String {
        switch self {
        case .text(let text): text
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .integer(let number): "\(number)"
        }
    }
}

extension MetricValue {
    var plain: String {
        switch self {
        case .integer(let number): "\(number)"
        case .double(let number): "\(number)"
        }
    }

    var number: Double {
        switch self {
        case .integer(let number): Double(number)
        case .double(let number): number
        }
    }
}

/// A directory that goes with its last reference.
final class TemporaryDirectory: Sendable {
    let path: FilePath

    init() throws {
        path = temporaryDirectory(inMemory: true)
        try PosixFileSystem().createDirectories(path)
    }

    deinit { removeTree(path) }
}
