extension Metric {
    /// The metric's name as Prometheus would have it; a name that is in its style already stays as it is.
    ///
    /// OpenTelemetry's specification ("Prometheus and OpenMetrics Compatibility", Metric Metadata): what is no letter,
    /// digit or underscore becomes one, the unit is told in words at the end, and counters end in `_total`.
    var prometheusName: String {
        guard name.contains(".") else { return name }
        var result = prometheusCharacters(name)
        var words = unitWords(unit)
        if unit == "1" { words = kind == .gauge ? "ratio" : "" }
        if !words.isEmpty, !result.hasSuffix("_" + words) { result += "_" + words }
        if kind == .counter, !result.hasSuffix("_total") { result += "_total" }
        return result
    }
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
