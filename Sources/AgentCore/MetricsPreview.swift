internal import FileAccess
internal import Primitives

/// What a source of metrics would ship, for a person to look at.
package struct MetricsPreview {
    private var source: MetricsSource
    private let isOfHost: Bool
    private let woken = BlockingQueue<Void>()

    /// - Parameter name: the source's name; nil for the first of type host_metrics.
    /// - Returns: nil where there is no such source, or it is not one of metrics.
    package init?(_ configuration: AgentConfiguration, source name: String?) {
        for found in configuration.sources {
            var isOfHost = false
            if case .hostMetrics = found { isOfHost = true }
            guard name.map({ $0 == found.name }) ?? isOfHost else { continue }
            let made = MetricsSource(
                found, hostName: configuration.hostName, fileSystem: PosixFileSystem(), clock: SystemWallClock()
            ) { [woken] in woken.put(()) }
            guard let made else { return nil }
            source = made
            self.isOfHost = isOfHost
            return
        }
        return nil
    }

    /// Until the next sample is due.
    package var timeLeft: Duration { source.timeLeft }

    /// Takes a sample: of the host at once, of others when there is one, which they bound.
    ///
    /// - Returns: what could not be read, and what can be read again, for a person to read.
    package mutating func sample(_ print: (String) -> Void) -> [String] {
        var told: [String] = []
        while true {
            let yield = source.sample(own: [])
            for record in yield.records { print(String(decoding: record, as: UTF8.self)) }
            told += yield.notices + yield.warnings
            if isOfHost || (source.wasSampled && !yield.records.isEmpty) { return told }
            _ = woken.takeAll(timeout: min(source.timeLeft, .seconds(1)))
        }
    }
}
