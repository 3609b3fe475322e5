/// The collectors by the names that the configuration has for them, in the order in which they run.
package enum CollectorKind: String, CaseIterable, Sendable {
    case cpu, load, memory, paging, disk, filesystem, network, interfaces, connections, protocols, processes, uptime
    case fileHandles = "file_handles"
    case entropy, conntrack, pressure, cgroups, interrupts, numa, sensors, thermal
    case powerSupply = "power_supply"
    case diskHealth = "disk_health"
    case raid
    /// How well the host's clock is kept.
    case clock
    /// Units of systemd.
    case systemd
    /// Single processes.
    case process

    /// Those that run unless the configuration says otherwise.
    package static var defaults: Set<CollectorKind> { Set(allCases).subtracting([.systemd, .process]) }
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
        case .paging: PagingCollector.self
        case .disk: DiskCollector.self
        case .filesystem: FilesystemCollector.self
        case .network: NetworkCollector.self
        case .interfaces: InterfacesCollector.self
        case .connections: ConnectionsCollector.self
        case .protocols: ProtocolsCollector.self
        case .processes: ProcessesCollector.self
        case .uptime: UptimeCollector.self
        case .fileHandles: FileHandlesCollector.self
        case .entropy: EntropyCollector.self
        case .conntrack: ConntrackCollector.self
        case .pressure: PressureCollector.self
        case .cgroups: CgroupsCollector.self
        case .interrupts: InterruptsCollector.self
        case .numa: NUMACollector.self
        case .sensors: SensorsCollector.self
        case .thermal: ThermalCollector.self
        case .powerSupply: PowerSupplyCollector.self
        case .diskHealth: DiskHealthCollector.self
        case .raid: RAIDCollector.self
        case .clock: ClockCollector.self
        case .systemd: SystemdCollector.self
        case .process: PerProcessCollector.self
        }
    }

    /// Every metric this collector may give.
    package var metrics: [Metric] { type.metrics }
}
