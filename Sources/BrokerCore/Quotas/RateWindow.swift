/// Bytes of the last eleven seconds or so, and how long to wait until their rate is within a quota.
///
/// Kafka's arithmetic: eleven samples of a second. The rate is their sum over the time since the oldest of them began,
/// or over ten seconds where that is less; so a client that was quiet may send ten seconds' worth at once.
///
/// Source: Apache Kafka, `SampledStat`, `Rate`, `QuotaUtils.throttleTime`; `quota.window.num` and
/// `quota.window.size.seconds` at their defaults.
struct RateWindow: Sendable {
    static let sampleCount = 11
    static let sampleMilliseconds: Int64 = 1000
    /// Shorter ones are taken for this long.
    static let fullMilliseconds = Int64(sampleCount - 1) * sampleMilliseconds

    private struct Sample {
        var start: Int64
        var bytes: Double
    }

    private var samples: [Sample] = []
    private var current = 0

    /// Adds bytes, or takes them back.
    mutating func record(_ bytes: Int, at now: Int64) {
        if samples.isEmpty { samples.append(Sample(start: now, bytes: 0)) }
        forgetOld(at: now)
        if now - samples[current].start >= Self.sampleMilliseconds {
            current = (current + 1) % Self.sampleCount
            let fresh = Sample(start: now, bytes: 0)
            if current == samples.count { samples.append(fresh) } else { samples[current] = fresh }
        }
        samples[current].bytes += Double(bytes)
    }

    /// Whether nothing of the last eleven seconds counts.
    func isEmpty(at now: Int64) -> Bool {
        samples.allSatisfy { $0.bytes <= 0 || Self.isOld($0, at: now) }
    }

    /// Milliseconds after which the rate would be `bytesPerSecond`, were nothing added meanwhile; 0 where it is within.
    func throttle(to bytesPerSecond: Double, at now: Int64) -> Int32 {
        let samples = samples.filter { !Self.isOld($0, at: now) }
        guard let oldest = samples.map(\.start).min() else { return 0 }
        var elapsed = now - oldest
        let wholeSamples = elapsed / Self.sampleMilliseconds
        if wholeSamples < Int64(Self.sampleCount - 1) {
            elapsed += (Int64(Self.sampleCount - 1) - wholeSamples) * Self.sampleMilliseconds
        }
        let window = Double(max(elapsed, 1))
        let rate = samples.reduce(0) { $0 + $1.bytes } / window * 1000
        guard rate > bytesPerSecond else { return 0 }
        return Int32(min(Double(Int32.max), ((rate - bytesPerSecond) / bytesPerSecond * window).rounded()))
    }

    private mutating func forgetOld(at now: Int64) {
        for index in samples.indices {
            if Self.isOld(samples[index], at: now) { samples[index] = Sample(start: now, bytes: 0) }
        }
    }

    private static func isOld(_ sample: Sample, at now: Int64) -> Bool {
        // One of the future was taken before the clock was set back.
        now < sample.start || now - sample.start >= Int64(sampleCount) * sampleMilliseconds
    }
}
