internal import HostMetrics
internal import Primitives

/// What makes lines of StatsD one series: name, type, and tags in any order.
struct StatsDIdentity: Hashable, Sendable {
    var name: String
    var kind: StatsDLine.Kind
    var attributes: [MetricAttribute]

    /// - Parameter asPrometheus: tags get names that Prometheus takes as labels.
    init(_ line: StatsDLine, _ bytes: [UInt8], asPrometheus: Bool) {
        name = String(decoding: bytes[line.name], as: UTF8.self)
        kind = line.kind
        var tags: [(key: String, value: String)] = []
        if let list = line.tags {
            for tag in bytes[list].split(separator: UInt8(ascii: ",")) {
                let colon = tag.firstIndex(of: UInt8(ascii: ":")) ?? tag.endIndex
                let key = String(decoding: tag[..<colon], as: UTF8.self)
                // A tag without a value: its being there is what it says.
                let value = colon == tag.endIndex ? "true" : String(decoding: tag[(colon + 1)...], as: UTF8.self)
                if !key.isEmpty { tags.append((asPrometheus ? prometheusLabel(key) : key, value)) }
            }
        }
        if let container = line.container, !container.isEmpty {
            tags.append(
                (asPrometheus ? "container_id" : "container.id", String(decoding: bytes[container], as: UTF8.self)))
        }
        tags.sort { ($0.key, $0.value) < ($1.key, $1.value) }
        attributes = []
        var last: (key: String, value: String)?
        for tag in tags {
            guard let before = last, before.key == tag.key else {
                last = tag
                attributes.append(MetricAttribute(tag.key, tag.value))
                continue
            }
            // DogStatsD allows a key several times, the formats do not.
            if before.value == tag.value { continue }
            last = (tag.key, before.value + "," + tag.value)
            attributes[attributes.count - 1].value = .text(before.value + "," + tag.value)
        }
    }
}

/// What came of a series in an interval, and what it remembers.
struct StatsDSeries: Sendable {
    enum State: Sendable {
        /// Its sum.
        case counter(Double)
        case gauge(Double)
        case timer(QuantileSketch, earlierCount: Double, earlierSum: Double)
        /// Hashes of the members.
        case set(Set<Int>)
    }

    let identity: StatsDIdentity
    /// When it was first seen.
    let began: Timestamp
    /// As its first line said.
    let isInMilliseconds: Bool
    var state: State
    var wasTouched = false
    var touched: ContinuousClock.Instant
    /// What it takes besides the bins and members of its state.
    let bytes: Int

    init(
        _ identity: StatsDIdentity, isInMilliseconds: Bool, began: Timestamp, at now: ContinuousClock.Instant,
        bytes: Int
    ) {
        self.identity = identity
        self.isInMilliseconds = isInMilliseconds
        self.began = began
        touched = now
        self.bytes = bytes
        state =
            switch identity.kind {
            case .counter: .counter(0)
            case .gauge: .gauge(0)
            case .timer: .timer(QuantileSketch(), earlierCount: 0, earlierSum: 0)
            case .set: .set([])
            }
    }

    /// What a series takes besides what is in it, about: the line's key, itself, and its metrics' names.
    static func cost(_ identity: StatsDIdentity, keyBytes: Int) -> Int {
        var cost = 320 + 2 * keyBytes + 2 * identity.name.utf8.count
        for attribute in identity.attributes { cost += attribute.bytesHeld }
        return cost
    }
}

extension StatsDSeries {
    /// The most bytes of the state's that can grow.
    var stateBytes: Int {
        switch state {
        case .counter, .gauge: 0
        case .timer(let sketch, _, _): sketch.bins * QuantileSketch.binBytes
        case .set(let members): members.count * Self.memberBytes
        }
    }

    static let memberBytes = 16

    /// Whether it has something to remember between intervals.
    func remembers(_ counters: StatsDConfiguration.Counters) -> Bool {
        switch state {
        case .gauge: true
        case .counter, .timer: counters == .cumulative
        case .set: false
        }
    }

    /// What the interval came to, as points; the state is that of a new interval then.
    mutating func close(
        _ configuration: StatsDConfiguration, _ catalog: inout MetricCatalog, from start: Timestamp, at now: Timestamp
    ) -> [MetricPoint] {
        let isDelta = configuration.counters == .delta
        var values: [Double]
        switch state {
        case .counter(let sum):
            values = [sum]
            if isDelta { state = .counter(0) }
        case .gauge(let value): values = [value]
        case .timer(let sketch, let earlierCount, let earlierSum):
            let (count, sum) = (earlierCount + sketch.count, earlierSum + sketch.sum)
            values = [count, sum, sketch.minimum, sketch.maximum]
            values += configuration.quantiles.map { sketch.quantile($0) ?? .nan }
            state = .timer(QuantileSketch(), earlierCount: isDelta ? 0 : count, earlierSum: isDelta ? 0 : sum)
        case .set(let members):
            values = [Double(members.count)]
            state = .set([])
        }
        return zip(declarations(configuration, &catalog), values).map { metric, value in
            var point = MetricPoint(metric, .double(value), identity.attributes, at: now)
            switch metric.kind {
            case .delta: point.start = start
            case .counter: point.start = began
            case .gauge, .upDownCounter: break
            }
            return point
        }
    }

    private func declarations(_ configuration: StatsDConfiguration, _ catalog: inout MetricCatalog) -> [Metric] {
        let counted: MetricKind = configuration.counters == .delta ? .delta : .counter
        let unit = isInMilliseconds ? "ms" : ""
        func metric(_ suffix: String, _ kind: MetricKind, unit: String) -> Metric {
            catalog.metric(identity.name + suffix, PageFamilies.Meaning(kind: kind, unit: unit, summary: ""))
        }
        switch identity.kind {
        case .counter: return [metric("", counted, unit: "")]
        case .gauge, .set: return [metric("", .gauge, unit: "")]
        case .timer:
            var metrics = [metric(".count", counted, unit: ""), metric(".sum", counted, unit: unit)]
            metrics += [metric(".min", .gauge, unit: unit), metric(".max", .gauge, unit: unit)]
            return metrics + configuration.quantiles.map { metric(".p" + percent($0), .gauge, unit: unit) }
        }
    }
}

/// 0.5 as 50, 0.999 as 99.9.
private func percent(_ share: Double) -> String {
    let thousandths = Int((share * 100_000).rounded())
    var text = "\(thousandths / 1000)"
    let rest = thousandths % 1000
    if rest > 0 {
        let digits = String(String(1000 + rest).dropFirst())
        text += "." + digits.reversed().drop { $0 == "0" }.reversed()
    }
    return text
}
