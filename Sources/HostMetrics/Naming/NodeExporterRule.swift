/// How one of node_exporter's metrics is made of ours.
struct NodeExporterRule: Sendable {
    /// An attribute that becomes a label.
    struct Label: Sendable {
        var key: String
        var name: String
        var part = Part.whole
    }

    /// What of an attribute's value is the label's.
    enum Part: Sendable {
        case whole
        /// `temp1` of `hwmon0/temp1`.
        case behindSlash
        /// `0` of `thermal_zone0`.
        case number
        /// `platform_coretemp_0` of `platform/coretemp.0`.
        case letters
    }

    let metric: Metric
    /// The attributes that a point must have.
    var conditions: [MetricAttribute] = []
    /// A key that a point must have, or must not have.
    var presence: (key: String, isThere: Bool)?
    /// Other attributes are left out.
    var labels: [Label] = []
    /// Labels that are always the same.
    var constants: [MetricAttribute] = []
    /// Values of attributes that are called otherwise.
    var words: [String: String] = [:]
    var factor: Double = 1
    /// The value, where it is the same for all points.
    var flag: Int64?
    /// Whether several points come to one series.
    var isSum = false

    func applies(to point: MetricPoint) -> Bool {
        if let presence, point.attributes.contains(where: { $0.key == presence.key }) != presence.isThere {
            return false
        }
        return conditions.allSatisfy { point.attributes.contains($0) }
    }

    func translate(_ point: MetricPoint) -> MetricPoint {
        var result = point
        result.metric = metric
        result.attributes = constants
        result.attributes.reserveCapacity(constants.count + labels.count)
        for label in labels {
            guard let attribute = point.attributes.first(where: { $0.key == label.key }) else { continue }
            result.attributes.append(MetricAttribute(label.name, value(attribute.value, label.part)))
        }
        if let flag {
            result.value = .integer(flag)
        } else if factor != 1 {
            result.value = scaled(point.value)
            result.increase?.value = scaled(point.increase?.value ?? .integer(0))
        }
        return result
    }

    private func value(_ value: AttributeValue, _ part: Part) -> AttributeValue {
        switch (part, value) {
        case (.whole, .text(let text)): .text(words[text] ?? text)
        case (.whole, .integer(let number)): .text(number.description)
        case (.whole, .bytes): value
        case (.behindSlash, _): .text(String(value.text.drop { $0 != "/" }.dropFirst()))
        case (.number, _): .text(String(value.text.drop { !$0.isNumber }))
        case (.letters, _): .text(prometheusCharacters(value.text.lowercased()))
        }
    }

    /// A whole number stays one where it can.
    private func scaled(_ value: MetricValue) -> MetricValue {
        let scaled = value.double * factor
        if case .integer = value, let whole = Int64(exactly: scaled) { return .integer(whole) }
        return .double(scaled)
    }
}

/// Rules while they are put together.
struct RuleTable {
    private(set) var rules: [ObjectIdentifier: [NodeExporterRule]] = [:]
    /// One declaration for all rules that make a metric, so that they make one metric.
    private var made: [String: Metric] = [:]

    /// - Parameters:
    ///   - labels: keys of attributes, and the labels they become.
    ///   - condition: attributes that a point must have.
    mutating func add(
        _ metric: Metric, _ name: String, _ labels: [(String, String)] = [], when condition: [(String, String)] = [],
        constants: [(String, String)] = [], words: [String: String] = [:], factor: Double = 1, flag: Int64? = nil,
        isSum: Bool = false
    ) {
        var rule = rule(metric, name, isScaled: factor != 1, isFlag: flag != nil)
        rule.conditions = condition.map { MetricAttribute($0, $1) }
        rule.labels = labels.map { NodeExporterRule.Label(key: $0, name: $1) }
        rule.constants = constants.map { MetricAttribute($0, $1) }
        rule.words = words
        rule.factor = factor
        rule.flag = flag
        rule.isSum = isSum
        add(rule, to: metric)
    }

    mutating func add(_ rule: NodeExporterRule, to metric: Metric) {
        rules[ObjectIdentifier(metric), default: []].append(rule)
    }

    mutating func rule(
        _ metric: Metric, _ name: String, isScaled: Bool = false, isFlag: Bool = false
    ) -> NodeExporterRule {
        let kind = metric.kind == .counter && !isFlag ? MetricKind.counter : .gauge
        let target =
            made[name]
            ?? Metric(
                name, kind, unit: isScaled || isFlag ? "1" : metric.unit, metric.summary, source: metric.source)
        made[name] = target
        return NodeExporterRule(metric: target)
    }
}
