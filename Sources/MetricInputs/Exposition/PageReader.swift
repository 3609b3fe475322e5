package import HostMetrics
package import Primitives

/// What a page came to.
package struct Page: Sendable {
    package var points: [MetricPoint] = []
    /// Samples that the page has, those left out with them.
    package var samples = 0
    /// Samples that were left out: beyond the limits, or of a series that the page had before.
    package var dropped = 0
    /// Lines that are no lines of the format.
    package var malformed = 0
    /// Samples that bring a timestamp of their own.
    package var timestamped = 0
    package var exemplars = 0
    package var bytes = 0
    /// The first malformed line, from 1, and what was expected there.
    package var problem: (line: Int, expected: String)?
    /// Whether the page ended where its format says that it does. Otherwise the last number may lack digits, and series
    /// may be missing.
    package var isWhole = false

    package init() {}
}

/// Reads a page while it comes in, in pieces of any size, within limits.
///
/// A line that is malformed costs itself only. Points hold the bytes that they need and no more: the page itself is not
/// kept.
package struct PageReader: Sendable {
    private let dialect: ExpositionDialect
    private let limits: ExpositionLimits
    private let now: Timestamp
    /// Labels that each point gets behind its own; those of the page with such a key become `exported_…`.
    private let labels: [MetricAttribute]
    private var families: PageFamilies
    private var catalog: MetricCatalog
    private var page = Page()
    private var seen: Set<SeriesKey> = []
    /// What points take, about.
    private var pointBytes = 0
    /// Bytes of a line whose end did not come yet.
    private var pending: [UInt8] = []
    /// The line is too long, and is skipped up to its end.
    private var isSkipping = false
    private var line = 0
    private var hasEnded = false
    /// Samples of a metric stand together: the name before is mostly the name again.
    private var last: Name?
    /// How many points have their time of creation.
    private var dated = 0

    private struct Name {
        var name: [UInt8]
        var text: String
        var meaning: PageFamilies.Meaning
        /// Made with the first point that is taken.
        var metric: Metric?
    }

    /// - Parameters:
    ///   - catalog: to which a new page, or a new round of pages, was told.
    ///   - now: the time of samples that have none of their own.
    package init(
        _ dialect: ExpositionDialect, _ limits: ExpositionLimits, catalog: MetricCatalog, at now: Timestamp,
        adding labels: [MetricAttribute] = []
    ) {
        self.dialect = dialect
        self.limits = limits
        self.now = now
        self.labels = labels
        families = PageFamilies(dialect)
        self.catalog = catalog
    }

    package mutating func take(_ piece: [UInt8]) {
        page.bytes += piece.count
        if pending.isEmpty {
            readLines(piece)
        } else if !piece.contains(UInt8(ascii: "\n")), pending.count + piece.count <= limits.lineBytes {
            pending.append(contentsOf: piece)
        } else {
            let joined = pending + piece
            pending.removeAll(keepingCapacity: true)
            readLines(joined)
        }
    }

    /// - Returns: what the page came to, and the catalog for the next one.
    package mutating func finish() -> (Page, MetricCatalog) {
        page.isWhole = pending.isEmpty && !isSkipping && (dialect == .text || hasEnded)
        return (page, catalog)
    }

    private mutating func readLines(_ bytes: [UInt8]) {
        var start = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            line += 1
            if isSkipping || end - start > limits.lineBytes {
                refuse(ExpositionError("a line of at most \(limits.lineBytes) bytes"))
                isSkipping = false
            } else {
                read(bytes, start..<end)
            }
            start = end + 1
        }
        if isSkipping || bytes.count - start > limits.lineBytes {
            isSkipping = true
        } else {
            pending.append(contentsOf: bytes[start...])
        }
    }

    private mutating func read(_ bytes: [UInt8], _ range: Range<Int>) {
        var reader = ExpositionLineReader(bytes, range, dialect)
        do throws(ExpositionError) {
            let line = try reader.read()
            if hasEnded, line != .nothing { throw ExpositionError("nothing behind # EOF") }
            switch line {
            case .nothing: break
            case .end: hasEnded = true
            case .type(let name, let type): declare(bytes[name]) { $0.declare($1, type: type) }
            case .help(let name, let text): declare(bytes[name]) { $0.describe($1, text) }
            case .unit(let name, let text): declare(bytes[name]) { $0.declare($1, unit: text) }
            case .sample(let sample): add(sample, bytes)
            }
        } catch {
            refuse(error)
        }
    }

    private mutating func refuse(_ error: ExpositionError) {
        page.malformed += 1
        if page.problem == nil { page.problem = (line, error.expected) }
    }

    private mutating func declare(_ name: ArraySlice<UInt8>, _ body: (inout PageFamilies, String) -> Void) {
        last = nil
        // What is not known of a metric costs its type, not its samples.
        guard families.bytes + pointBytes < limits.bytes else { return }
        body(&families, String(decoding: name, as: UTF8.self))
    }

    private mutating func add(_ sample: ExpositionSample, _ bytes: [UInt8]) {
        if last.map({ !$0.name.elementsEqual(bytes[sample.name]) }) ?? true {
            let name = String(decoding: bytes[sample.name], as: UTF8.self)
            last = Name(name: Array(bytes[sample.name]), text: name, meaning: families.meaning(of: name))
        }
        guard let name = last else { return }
        if name.meaning.isCreation { return date(sample) }
        page.samples += 1
        if sample.hasExemplar { page.exemplars += 1 }
        var cost = 256 + name.name.count
        for label in sample.labels { cost += label.bytesHeld }
        guard page.points.count < limits.series, families.bytes + pointBytes + cost <= limits.bytes else {
            page.dropped += 1
            return
        }
        let metric = name.metric ?? catalog.metric(name.text, name.meaning)
        last?.metric = metric
        var point = MetricPoint(metric, .double(sample.value), attributes(sample), at: now)
        if let timestamp = sample.timestamp {
            point.timestamp = Timestamp(milliseconds: timestamp)
            page.timestamped += 1
        }
        guard seen.insert(SeriesKey(point)).inserted else {
            page.dropped += 1
            return
        }
        pointBytes += cost
        page.points.append(point)
    }

    private func attributes(_ sample: ExpositionSample) -> [MetricAttribute] {
        var attributes = sample.labels
        for label in labels {
            guard let index = attributes.firstIndex(where: { $0.key == label.key }) else { continue }
            var key = "exported_" + label.key
            while attributes.contains(where: { $0.key == key }) { key = "exported_" + key }
            attributes[index].key = key
        }
        attributes += labels
        return attributes
    }

    /// The points just before with the same labels, apart from those that tell buckets and quantiles apart, began then.
    private mutating func date(_ sample: ExpositionSample) {
        let milliseconds = sample.value * 1000
        guard milliseconds > 0, milliseconds < 9e15 else { return }
        let own = attributes(sample)
        var index = page.points.count
        while index > dated {
            let others = page.points[index - 1].attributes.filter { $0.key != "le" && $0.key != "quantile" }
            guard others == own else { break }
            index -= 1
            if page.points[index].kind == .counter {
                page.points[index].start = Timestamp(milliseconds: Int64(milliseconds))
            }
        }
        dated = page.points.count
    }
}
