extension Metric {
    /// The metric's name as Prometheus would have it; a name that it takes stays as it is.
    ///
    /// OpenTelemetry's specification ("Prometheus and OpenMetrics Compatibility", Metric Metadata): what is no letter,
    /// digit or underscore becomes one, the unit is told in words at the end, and counters end in `_total`.
    var prometheusName: String {
        if isPrometheusName(name) { return name }
        var result = prometheusLabel(name)
        var words = unitWords(unit)
        if unit == "1" { words = kind == .gauge ? "ratio" : "" }
        if !words.isEmpty, !result.hasSuffix("_" + words) { result += "_" + words }
        if kind == .counter, !result.hasSuffix("_total") { result += "_total" }
        return result
    }
}

/// A label's name as Prometheus takes it.
package func prometheusLabel(_ name: String) -> String {
    let label = prometheusCharacters(name)
    return label.utf8.first.map { 48...57 ~= $0 } ?? true ? "_" + label : label
}

func prometheusCharacters(_ name: String) -> String {
    String(
        decoding: name.utf8.map { byte in
            switch byte | 0x20 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte
            default: 48...57 ~= byte ? byte : UInt8(ascii: "_")
            }
        }, as: UTF8.self)
}

private func isPrometheusName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
    return name.utf8.allSatisfy { byte in
        97...122 ~= byte | 0x20 || 48...57 ~= byte || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":")
    }
}

/// UCUM's units that there are here.
private func unitWords(_ unit: String) -> String {
    if let slash = unit.lastIndex(of: "/") {
        let dividend = unitWords(String(unit[..<slash]))
        return (dividend.isEmpty ? "" : dividend + "_") + "per_second"
    }
    return switch unit {
    case "s": "seconds"
    case "By": "bytes"
    case "Cel": "celsius"
    case "V": "volts"
    case "A": "amperes"
    case "W": "watts"
    case "J": "joules"
    case "bit": "bits"
    case "rpm": "rpm"
    default: ""
    }
}
