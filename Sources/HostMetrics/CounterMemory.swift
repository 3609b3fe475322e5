/// Remembers the last value of every counter, to mark those that began anew.
///
/// It holds the series of the last sample only, so it is as large as a sample: what is gone (a device, a container) is
/// forgotten, and is new when it comes back.
struct CounterMemory: Sendable {
    private struct Series: Hashable {
        var metric: ObjectIdentifier
        var attributes: [MetricAttribute]
    }

    private struct Entry {
        var value: MetricValue
        var sample: UInt64
    }

    private var entries: [Series: Entry] = [:]
    private var sample: UInt64 = 0

    mutating func markResets(in points: inout [MetricPoint]) {
        sample &+= 1
        var counters = 0
        for index in points.indices where points[index].kind == .counter {
            let series = Series(
                metric: ObjectIdentifier(points[index].metric), attributes: points[index].attributes)
            let value = points[index].value
            let before = entries.updateValue(Entry(value: value, sample: sample), forKey: series)
            points[index].isReset = before.map { value.isLess(than: $0.value) } ?? false
            counters += 1
        }
        if entries.count > counters { entries = entries.filter { $0.value.sample == sample } }
    }
}

extension MetricValue {
    fileprivate func isLess(than other: MetricValue) -> Bool {
        switch (self, other) {
        case (.integer(let mine), .integer(let theirs)): mine < theirs
        case (.double(let mine), .double(let theirs)): mine < theirs
        case (.integer, .double), (.double, .integer): false
        }
    }
}
