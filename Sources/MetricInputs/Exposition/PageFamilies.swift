internal import HostMetrics

/// What a page has said about its metrics so far: their types, units and descriptions.
struct PageFamilies {
    private struct Family {
        var type = FamilyType.untyped
        var unit = ""
        var help = ""
    }

    /// What a sample's name comes to.
    struct Meaning {
        var kind: MetricKind
        var unit: String
        var summary: String
        /// The sample tells when the series before it began, and is no series itself.
        var isCreation = false
    }

    /// The most bytes of a description.
    static let helpLimit = 1 << 10

    private let dialect: ExpositionDialect
    private var families: [String: Family] = [:]
    /// What all this takes, about.
    private(set) var bytes = 0

    init(_ dialect: ExpositionDialect) { self.dialect = dialect }

    mutating func declare(_ name: String, type: FamilyType) { change(name) { $0.type = type } }

    mutating func describe(_ name: String, _ help: String) {
        let help =
            help.utf8.count > Self.helpLimit ? String(decoding: help.utf8.prefix(Self.helpLimit), as: UTF8.self) : help
        bytes += help.utf8.count
        change(name) { $0.help = help }
    }

    mutating func declare(_ name: String, unit: String) { change(name) { $0.unit = inUCUM(unit) } }

    private mutating func change(_ name: String, _ body: (inout Family) -> Void) {
        if families[name] == nil { bytes += 128 + name.utf8.count }
        body(&families[name, default: Family()])
    }

    /// A sample belongs to the metric of its name, or else to the one whose name and one of its type's suffixes it is.
    func meaning(of name: String) -> Meaning {
        if let family = families[name] { return meaning(family, suffix: "") }
        if let underscore = name.lastIndex(of: "_"), let family = families[String(name[..<underscore])] {
            return meaning(family, suffix: name[underscore...].dropFirst())
        }
        return Meaning(kind: .gauge, unit: "", summary: "")
    }

    private func meaning(_ family: Family, suffix: Substring) -> Meaning {
        var meaning = Meaning(kind: .gauge, unit: family.unit, summary: family.help)
        switch (family.type, suffix) {
        case (.counter, "created"), (.histogram, "created"), (.summary, "created"):
            meaning.isCreation = dialect == .openMetrics
        case (.counter, ""), (.counter, "total"): meaning.kind = .counter
        case (.histogram, "sum"), (.summary, "sum"): meaning.kind = .counter
        case (.histogram, "bucket"), (.histogram, "count"), (.summary, "count"):
            meaning.kind = .counter
            meaning.unit = ""
        case (.counter, _), (.gauge, _), (.histogram, _), (.summary, _), (.info, _), (.unknown, _), (.untyped, _),
            (.gaugeHistogram, _), (.stateSet, _):
            break
        }
        return meaning
    }
}

/// Prometheus' base units as UCUM has them (OpenTelemetry's specification, "Prometheus and OpenMetrics Compatibility").
private func inUCUM(_ unit: String) -> String {
    switch unit {
    case "seconds": "s"
    case "bytes": "By"
    case "celsius": "Cel"
    case "meters": "m"
    case "grams": "g"
    case "joules": "J"
    case "volts": "V"
    case "amperes": "A"
    case "ratio": "1"
    case "percent": "%"
    default: String(decoding: unit.utf8.prefix(64), as: UTF8.self)
    }
}
