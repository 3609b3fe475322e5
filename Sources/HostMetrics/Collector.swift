/// The collectors by the names that the configuration has for them, in the order in which they run.
package enum CollectorKind: String, CaseIterable, Sendable {
    case cpu, load, memory, disk, filesystem, network

    /// Those that run unless the configuration says otherwise.
    package static var defaults: Set<CollectorKind> { Set(allCases) }
}

/// Reads one part of the host. It may keep what it needs for rates; a failure costs only the points it could not read.
protocol Collector: Sendable {
    static var kind: CollectorKind { get }
    /// Every metric it may give.
    static var metrics: [Metric] { get }

    init(_ configuration: HostMetricsConfiguration)

    mutating func collect(_ pass: inout SamplingPass)
}

extension CollectorKind {
    var type: any Collector.Type {
        switch self {
        case .cpu: CPUCollector.self
        case .load: LoadCollector.self
        case .memory: MemoryCollector.self
        case .disk: DiskCollector.self
        case .filesystem: FilesystemCollector.self
        case .network: NetworkCollector.self
        }
    }

    /// Every metric this collector may give.
    package var metrics: [Metric] { type.metrics }
}
