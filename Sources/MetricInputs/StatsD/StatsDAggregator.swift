internal import HostMetrics
internal import Primitives

/// What datagrams of StatsD come to in an interval, within a bound on series and bytes.
///
/// One datagram's way: it is split into lines; a line's name, type and tags are looked up as the bytes that they are, and
/// only where they are new their tags are taken apart and sorted; its values go into the series. `flush` makes points of
/// the series that had values, and forgets those that had none and have nothing to remember.
struct StatsDAggregator: Sendable {
    private let configuration: StatsDConfiguration
    private var series: [StatsDSeries] = []
    /// By the line's own bytes, and by what they mean: tags may come in any order.
    private var places: [[UInt8]: Int] = [:]
    private var identities: [StatsDIdentity: Int] = [:]
    /// What all series take, about; never more than `byteLimit` by more than a line.
    private(set) var bytes = 0
    private var opened: Timestamp
    private let start: Timestamp
    private(set) var counts = Counts()

    /// Since the start.
    struct Counts: Sendable, Equatable {
        var datagrams: Int64 = 0
        var bytes: Int64 = 0
        var samples: Int64 = 0
        var malformed: Int64 = 0
        var overLimit: Int64 = 0
        var events: Int64 = 0
        var serviceChecks: Int64 = 0
        var truncated: Int64 = 0
        var kernelDropped: Int64 = 0
    }

    init(_ configuration: StatsDConfiguration, at now: Timestamp) {
        self.configuration = configuration
        opened = now
        start = now
    }

    private var byteLimit: Int { configuration.seriesLimit << 10 }
    var seriesCount: Int { series.count }

    // MARK: In

    /// - Parameters:
    ///   - datagram: its first `count` bytes.
    ///   - isCut: it was longer: its last line is left out.
    ///   - kernelDropped: how many the kernel dropped since the last one that was taken.
    mutating func take(
        _ datagram: [UInt8], count: Int, isCut: Bool = false, kernelDropped: Int64 = 0,
        at now: ContinuousClock.Instant = .now
    ) {
        counts.datagrams += 1
        counts.bytes += Int64(count)
        counts.kernelDropped += kernelDropped
        if isCut { counts.truncated += 1 }
        var position = 0
        while position < count {
            let end = datagram[position..<count].firstIndex(of: UInt8(ascii: "\n")) ?? count
            if end == count, isCut { return }
            var line = position..<end
            if let last = datagram[line].last, last == UInt8(ascii: "\r") { line = position..<end - 1 }
            if !line.isEmpty { take(datagram, line, at: now) }
            position = end + 1
        }
    }

    private mutating func take(_ datagram: [UInt8], _ range: Range<Int>, at now: ContinuousClock.Instant) {
        switch StatsDLine.read(datagram, range) {
        case .metric(let line): take(line, datagram, at: now)
        case .event: counts.events += 1
        case .serviceCheck: counts.serviceChecks += 1
        case nil: counts.malformed += 1
        }
    }

    private mutating func take(_ line: StatsDLine, _ datagram: [UInt8], at now: ContinuousClock.Instant) {
        var values: [(value: Double, isRelative: Bool)] = []
        if line.kind != .set {
            for part in datagram[line.values].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
                let sign = part.first == UInt8(ascii: "+") || part.first == UInt8(ascii: "-")
                guard let value = exposedNumber(datagram, part.indices), value.isFinite else {
                    counts.malformed += 1
                    return
                }
                values.append((value, sign))
            }
        }
        guard let place = place(of: line, datagram, at: now) else {
            counts.overLimit += Int64(max(1, values.count))
            return
        }
        let before = series[place].stateBytes
        series[place].wasTouched = true
        series[place].touched = now
        var added = true
        if line.kind == .set {
            added = add(member: datagram[line.values], to: place)
        } else {
            for (value, isRelative) in values { add(value, isRelative, rate: line.rate, to: place) }
        }
        bytes += series[place].stateBytes - before
        if added { counts.samples += Int64(max(1, values.count)) } else { counts.overLimit += 1 }
    }

    private mutating func add(_ value: Double, _ isRelative: Bool, rate: Double, to place: Int) {
        switch series[place].state {
        case .counter(let sum): series[place].state = .counter(finite(sum + value / rate) ?? sum)
        case .gauge(let before): series[place].state = .gauge(finite(isRelative ? before + value : value) ?? before)
        case .timer(var sketch, let count, let sum):
            // So that the sketch is changed where it is, and not copied.
            series[place].state = .counter(0)
            sketch.add(value, weight: 1 / rate, mayGrow: bytes < byteLimit)
            series[place].state = .timer(sketch, earlierCount: count, earlierSum: sum)
        case .set: break
        }
    }

    /// A number that grew beyond all numbers would stay so.
    private mutating func finite(_ value: Double) -> Double? {
        if value.isFinite { return value }
        counts.malformed += 1
        return nil
    }

    private mutating func add(member: ArraySlice<UInt8>, to place: Int) -> Bool {
        guard case .set(var members) = series[place].state else { return false }
        series[place].state = .counter(0)
        defer { series[place].state = .set(members) }
        var hasher = Hasher()
        for byte in member { hasher.combine(byte) }
        let hash = hasher.finalize()
        if bytes >= byteLimit, !members.contains(hash) { return false }
        members.insert(hash)
        return true
    }

    /// The series that a line is of; nil where there is no room for another.
    private mutating func place(of line: StatsDLine, _ datagram: [UInt8], at now: ContinuousClock.Instant) -> Int? {
        var key = [line.kind.rawValue]
        key += datagram[line.name]
        if let tags = line.tags {
            key.append(UInt8(ascii: "|"))
            key += datagram[tags]
        }
        if let container = line.container {
            key += [UInt8(ascii: "|"), UInt8(ascii: "|")]
            key += datagram[container]
        }
        if let place = places[key] { return place }
        guard bytes + key.count < byteLimit else { return nil }
        let identity = StatsDIdentity(line, datagram, asPrometheus: configuration.hasPrometheusLabels)
        if let place = identities[identity] {
            // The same tags in another order. There can be very many orders.
            bytes += key.count + 64
            places[key] = place
            return place
        }
        let cost = StatsDSeries.cost(identity, keyBytes: key.count)
        guard series.count < configuration.seriesLimit, bytes + cost <= byteLimit else { return nil }
        bytes += cost
        series.append(
            StatsDSeries(
                identity, isInMilliseconds: line.isInMilliseconds, began: opened, at: now, bytes: cost))
        places[key] = series.count - 1
        identities[identity] = series.count - 1
        return series.count - 1
    }

    // MARK: Out

    /// Ends the interval.
    mutating func flush(at now: Timestamp, _ instant: ContinuousClock.Instant = .now) -> [MetricPoint] {
        var points: [MetricPoint] = []
        // Series of one name share a metric: formats have each metric once.
        var catalog = MetricCatalog(source: "(statsd)")
        for index in series.indices where series[index].wasTouched {
            points += series[index].close(configuration, &catalog, from: opened, at: now)
        }
        forget(at: instant)
        for index in series.indices { series[index].wasTouched = false }
        opened = now
        addOwn(to: &points, at: now)
        return points
    }

    private mutating func forget(at now: ContinuousClock.Instant) {
        let kept = series.filter { series in
            series.wasTouched
                || (series.remembers(configuration.counters) && now - series.touched < configuration.expiry)
        }
        let aliases = places.count - series.count
        if kept.count < series.count || aliases > series.count {
            series = kept
            // Lines find their series again by what they mean.
            places.removeAll(keepingCapacity: true)
            identities = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1.identity, $0) })
        }
        bytes = series.reduce(0) { $0 + $1.bytes + $1.stateBytes } + max(0, places.count - series.count) * 512
    }

    private mutating func addOwn(to points: inout [MetricPoint], at now: Timestamp) {
        func add(_ metric: Metric, _ value: Int64, _ attributes: [MetricAttribute] = []) {
            var point = MetricPoint(metric, .integer(value), attributes, at: now)
            if metric.kind == .counter { point.start = start }
            points.append(point)
        }
        add(StatsDMetrics.datagrams, counts.datagrams)
        add(StatsDMetrics.bytes, counts.bytes)
        add(StatsDMetrics.samples, counts.samples)
        add(StatsDMetrics.malformed, counts.malformed)
        for (reason, count) in [
            ("series_limit", counts.overLimit), ("event", counts.events), ("service_check", counts.serviceChecks),
            ("truncated", counts.truncated),
        ] {
            add(StatsDMetrics.dropped, count, [MetricAttribute("reason", reason)])
        }
        add(StatsDMetrics.kernelDropped, counts.kernelDropped)
        add(StatsDMetrics.series, Int64(series.count))
    }
}
