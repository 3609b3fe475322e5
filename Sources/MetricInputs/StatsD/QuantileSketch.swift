internal import Glibc

/// Values by size, in bins whose bounds grow by a factor, so that a quantile is off by at most 2 % of its value whatever
/// the values are: DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch", VLDB 2019).
///
/// At most `binLimit` bins on each side of zero. Beyond these the smallest are put together: high quantiles stay as exact,
/// low ones do not. 256 bins reach from a millisecond to half a minute.
struct QuantileSketch: Sendable {
    static let binLimit = 256
    /// What a bin takes, about.
    static let binBytes = 16
    private static let accuracy = 0.02
    private static let growth = (1 + accuracy) / (1 - accuracy)
    private static let logOfGrowth = log(growth)
    /// What is smaller counts as zero.
    private static let least = 1e-300

    private struct Bins: Sendable {
        /// Ascending by index. Bin i has what lies above growth^(i-1), up to growth^i.
        var bins: [(index: Int32, weight: Double)] = []

        mutating func add(_ index: Int32, _ weight: Double, mayGrow: Bool) {
            var low = 0
            var high = bins.count
            while low < high {
                let middle = (low + high) / 2
                if bins[middle].index < index { low = middle + 1 } else { high = middle }
            }
            if low < bins.count, bins[low].index == index {
                bins[low].weight += weight
            } else if mayGrow, bins.count < QuantileSketch.binLimit {
                bins.insert((index, weight), at: low)
            } else if bins.count == QuantileSketch.binLimit, low > 1 {
                bins[1].weight += bins[0].weight
                bins.removeFirst()
                bins.insert((index, weight), at: low - 1)
            } else if !bins.isEmpty {
                // The next larger has it, or the largest.
                bins[min(low, bins.count - 1)].weight += weight
            } else {
                bins.append((index, weight))
            }
        }
    }

    private var positive = Bins()
    private var negative = Bins()
    private var zero = 0.0
    private(set) var count = 0.0
    private(set) var sum = 0.0
    private(set) var minimum = Double.infinity
    private(set) var maximum = -Double.infinity

    var bins: Int { positive.bins.count + negative.bins.count }

    /// - Parameters:
    ///   - value: finite.
    ///   - weight: how many such values there were; above 0.
    ///   - mayGrow: whether there is room for another bin; otherwise the value goes to the one beside.
    mutating func add(_ value: Double, weight: Double = 1, mayGrow: Bool = true) {
        count += weight
        sum += value * weight
        minimum = min(minimum, value)
        maximum = max(maximum, value)
        let size = abs(value)
        if size < Self.least {
            zero += weight
        } else {
            let index = Int32((log(size) / Self.logOfGrowth).rounded(.up))
            if value > 0 {
                positive.add(index, weight, mayGrow: mayGrow)
            } else {
                negative.add(index, weight, mayGrow: mayGrow)
            }
        }
    }

    /// - Parameter share: from 0 to 1.
    /// - Returns: nil where there are no values.
    func quantile(_ share: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = share * max(0, count - 1)
        var passed = 0.0
        for bin in negative.bins.reversed() {
            passed += bin.weight
            if passed > rank { return within(-middle(bin.index)) }
        }
        passed += zero
        if passed > rank { return within(0) }
        for bin in positive.bins {
            passed += bin.weight
            if passed > rank { return within(middle(bin.index)) }
        }
        return maximum
    }

    private func within(_ value: Double) -> Double { min(max(value, minimum), maximum) }

    /// The value whose distance to both ends of the bin is the same share of it.
    private func middle(_ index: Int32) -> Double { 2 * pow(Self.growth, Double(index)) / (Self.growth + 1) }
}
