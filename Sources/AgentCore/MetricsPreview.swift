internal import FileAccess
internal import HostMetrics
internal import Primitives

/// What a source of host metrics would ship, for a person to look at.
package struct MetricsPreview {
    private var stream: MetricStream

    /// - Parameter source: the source's name; nil for the first of its kind.
    /// - Returns: nil where there is no such source.
    package init?(_ configuration: AgentConfiguration, source: String?) {
        for case .hostMetrics(let found) in configuration.sources where source == nil || source == found.name {
            stream = MetricStream(
                found.stream, hostName: configuration.hostName, fileSystem: PosixFileSystem(), clock: SystemWallClock())
            return
        }
        return nil
    }

    /// Until the next sample is due.
    package var timeLeft: Duration { stream.timeLeft }

    /// Takes a sample.
    ///
    /// - Returns: what could not be read, and what can be read again, for a person to read.
    package mutating func sample(_ print: (String) -> Void) -> [String] {
        let (records, changes) = stream.sample()
        for record in records ?? [] { print(String(decoding: record, as: UTF8.self)) }
        return changes.map(\.description)
    }
}
