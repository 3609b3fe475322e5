/// What node_exporter calls what we measure, as of its version 1.9, from its sources (collector/*_linux.go).
///
/// Its kinds are kept but for one: what it calls untyped (`node_vmstat_*`, `node_netstat_*`) and is a counter is a
/// counter here.
enum NodeExporterNames {
    /// By the metric that they are made of.
    static let rules: [ObjectIdentifier: [NodeExporterRule]] = {
        var table = RuleTable()
        addProcessors(&table)
        addMemory(&table)
        addDisks(&table)
        addFilesystems(&table)
        addNetwork(&table)
        addInterfaces(&table)
        addProtocols(&table)
        addKernel(&table)
        addHardware(&table)
        return table.rules
    }()

    private static func addProcessors(_ table: inout RuleTable) {
        let labels = [("cpu.logical_number", "cpu"), ("cpu.mode", "mode")]
        table.add(CPUCollector.time, "node_cpu_seconds_total", labels, words: ["interrupt": "irq"])
        table.add(CPUCollector.guestTime, "node_cpu_guest_seconds_total", labels)
        for (metric, name) in zip(LoadCollector.metrics, ["node_load1", "node_load5", "node_load15"]) {
            table.add(metric, name)
        }
        table.add(InterruptsCollector.contextSwitches, "node_context_switches_total")
        table.add(InterruptsCollector.interrupts, "node_intr_total")
        table.add(
            InterruptsCollector.softInterrupts, "node_softirqs_total", [("system.cpu.softirq.type", "vector")])
        for resource in PressureCollector.resources {
            for (type, word) in [("some", "waiting"), ("full", "stalled")] {
                // Of a processor that nobody gets there is no such thing, though kernels since 5.13 have the line.
                if resource.name == "cpu" && type == "full" || resource.name == "irq" && type == "some" { continue }
                table.add(
                    resource.total, "node_pressure_\(resource.name)_\(word)_seconds_total",
                    when: [("system.linux.pressure.stall_type", type)])
            }
        }
    }

    private static func addMemory(_ table: inout RuleTable) {
        table.add(MemoryCollector.limit, "node_memory_MemTotal_bytes")
        for (state, name) in [("free", "MemFree"), ("buffers", "Buffers"), ("cached", "Cached")] {
            table.add(MemoryCollector.usage, "node_memory_\(name)_bytes", when: [("system.memory.state", state)])
        }
        for (field, metric) in MemoryCollector.amounts {
            table.add(metric, "node_memory_\(field.nodeExporterName)_bytes")
        }
        for (field, metric) in MemoryCollector.pages { table.add(metric, "node_memory_\(field.rawValue)") }
        for (state, name) in [("reclaimable", "SReclaimable"), ("unreclaimable", "SUnreclaim")] {
            let condition = [("system.memory.linux.slab.state", state)]
            table.add(MemoryCollector.slab, "node_memory_\(name)_bytes", when: condition)
            table.add(MemoryCollector.slab, "node_memory_Slab_bytes", when: condition, isSum: true)
        }
        table.add(MemoryCollector.hugePagesLimit, "node_memory_HugePages_Total")
        table.add(
            MemoryCollector.hugePages, "node_memory_HugePages_Free",
            when: [("system.memory.linux.hugepages.state", "free")])
        table.add(MemoryCollector.hugePageSize, "node_memory_Hugepagesize_bytes")
        // The kernel's pgfault has the major ones in it.
        table.add(PagingCollector.faults, "node_vmstat_pgfault", isSum: true)
        table.add(PagingCollector.faults, "node_vmstat_pgmajfault", when: [("system.paging.fault.type", "major")])
        for direction in ["in", "out"] {
            let condition = [("system.paging.direction", direction)]
            table.add(PagingCollector.operations, "node_vmstat_pswp\(direction)", when: condition)
            table.add(PagingCollector.diskIO, "node_vmstat_pgpg\(direction)", when: condition, factor: 1.0 / 1024)
        }
        table.add(PagingCollector.outOfMemoryKills, "node_vmstat_oom_kill")
        let node = [("system.numa.node", "node")]
        table.add(NUMACollector.limit, "node_memory_numa_MemTotal", node)
        for (state, name) in [("free", "MemFree"), ("used", "MemUsed")] {
            table.add(NUMACollector.usage, "node_memory_numa_\(name)", node, when: [("system.memory.state", state)])
        }
        for type in ["numa_hit", "numa_miss", "numa_foreign", "interleave_hit", "local_node", "other_node"] {
            table.add(
                NUMACollector.allocations, "node_memory_numa_\(type)_total", node,
                when: [("system.numa.allocation.type", type)])
        }
    }

    private static func addDisks(_ table: inout RuleTable) {
        let device = [("system.device", "device")]
        let names = [
            ("read", "reads", "read_bytes", "read_time"), ("write", "writes", "written_bytes", "write_time"),
            ("discard", "discards", "", "discard_time"),
        ]
        for (direction, plural, bytes, time) in names {
            let condition = [("disk.io.direction", direction)]
            table.add(DiskCollector.operations, "node_disk_\(plural)_completed_total", device, when: condition)
            table.add(DiskCollector.merged, "node_disk_\(plural)_merged_total", device, when: condition)
            table.add(DiskCollector.operationTime, "node_disk_\(time)_seconds_total", device, when: condition)
            if bytes.isEmpty {
                table.add(
                    DiskCollector.io, "node_disk_discarded_sectors_total", device, when: condition,
                    factor: 1 / Double(DiskActivity.sectorSize))
            } else {
                table.add(DiskCollector.io, "node_disk_\(bytes)_total", device, when: condition)
            }
        }
        let flush = [("disk.io.direction", "flush")]
        table.add(DiskCollector.operations, "node_disk_flush_requests_total", device, when: flush)
        table.add(DiskCollector.operationTime, "node_disk_flush_requests_time_seconds_total", device, when: flush)
        table.add(DiskCollector.ioTime, "node_disk_io_time_seconds_total", device)
        table.add(DiskCollector.weightedTime, "node_disk_io_time_weighted_seconds_total", device)
        table.add(DiskCollector.pending, "node_disk_io_now", device)
        table.add(
            DiskCollector.info, "node_disk_info",
            [
                ("system.device", "device"), ("system.disk.major", "major"), ("system.disk.minor", "minor"),
                ("system.disk.path", "path"), ("system.disk.wwn", "wwn"), ("hw.model", "model"),
                ("hw.serial_number", "serial"), ("hw.firmware_version", "revision"),
                ("system.disk.rotational", "rotational"),
            ])
        let array = device
        table.add(RAIDCollector.limit, "node_md_blocks", array, factor: 1.0 / 1024)
        for state in ["active", "spare", "failed"] {
            table.add(
                RAIDCollector.disks, "node_md_disks", array + [("system.linux.raid.disk.state", "state")],
                when: [("system.linux.raid.disk.state", state)])
        }
        for state in ["active", "missing"] {
            table.add(
                RAIDCollector.disks, "node_md_disks_required", array, when: [("system.linux.raid.disk.state", state)],
                isSum: true)
        }
        table.add(RAIDCollector.active, "node_md_state", array, constants: [("state", "active")])
    }

    private static func addFilesystems(_ table: inout RuleTable) {
        let labels = [
            ("system.device", "device"), ("system.filesystem.type", "fstype"),
            ("system.filesystem.mountpoint", "mountpoint"),
        ]
        func add(_ name: String, _ states: [String], of metric: Metric, key: String = "system.filesystem.state") {
            for state in states {
                table.add(
                    metric, "node_filesystem_\(name)", labels, when: [(key, state)], isSum: states.count > 1)
            }
        }
        table.add(FilesystemCollector.limit, "node_filesystem_size_bytes", labels)
        add("avail_bytes", ["free"], of: FilesystemCollector.usage)
        add("free_bytes", ["free", "reserved"], of: FilesystemCollector.usage)
        add("files", ["used", "free"], of: FilesystemCollector.inodes)
        add("files_free", ["free"], of: FilesystemCollector.inodes)
        table.add(FilesystemCollector.limit, "node_filesystem_device_error", labels, flag: 0)
        table.add(FilesystemCollector.unavailable, "node_filesystem_device_error", labels, flag: 1)
        for (mode, flag) in [("ro", 1), ("rw", 0)] as [(String, Int64)] {
            table.add(
                FilesystemCollector.limit, "node_filesystem_readonly", labels,
                when: [("system.filesystem.mode", mode)], flag: flag)
        }
    }

    private static func addNetwork(_ table: inout RuleTable) {
        let device = [("network.interface.name", "device")]
        let names: [(Metric, String)] = [
            (NetworkCollector.io, "bytes"), (NetworkCollector.packets, "packets"), (NetworkCollector.errors, "errs"),
            (NetworkCollector.dropped, "drop"), (NetworkCollector.fifo, "fifo"),
            (NetworkCollector.compressed, "compressed"),
        ]
        for (metric, name) in names {
            for direction in ["receive", "transmit"] {
                table.add(
                    metric, "node_network_\(direction)_\(name)_total", device,
                    when: [("network.io.direction", direction)])
            }
        }
        table.add(NetworkCollector.frame, "node_network_receive_frame_total", device)
        table.add(NetworkCollector.multicast, "node_network_receive_multicast_total", device)
        table.add(NetworkCollector.collisions, "node_network_transmit_colls_total", device)
        table.add(NetworkCollector.carrier, "node_network_transmit_carrier_total", device)
        // It counts the sockets of both families together.
        for (state, name) in [
            ("established", "established"), ("syn_sent", "syn_sent"), ("syn_received", "syn_recv"),
            ("fin_wait_1", "fin_wait1"), ("fin_wait_2", "fin_wait2"), ("time_wait", "time_wait"), ("closed", "close"),
            ("close_wait", "close_wait"), ("last_ack", "last_ack"), ("listen", "listen"), ("closing", "closing"),
        ] {
            table.add(
                ConnectionsCollector.count, "node_tcp_connection_states",
                when: [("network.transport", "tcp"), ("network.connection.state", state)],
                constants: [("state", name)], isSum: true)
        }
    }

    private static func addInterfaces(_ table: inout RuleTable) {
        let name = ("network.interface.name", "device")
        for (file, name) in [
            ("mtu", "mtu_bytes"), ("carrier", "carrier"), ("dormant", "dormant"), ("flags", "flags"),
            ("ifindex", "iface_id"), ("iflink", "iface_link"), ("link_mode", "iface_link_mode"),
            ("type", "protocol_type"), ("dev_id", "device_id"), ("netdev_group", "net_dev_group"),
            ("addr_assign_type", "address_assign_type"), ("name_assign_type", "name_assign_type"),
            ("tx_queue_len", "transmit_queue_length"), ("statistics/rx_nohandler", "receive_nohandler_total"),
        ] {
            guard let metric = LinkMetrics.metric(of: file) else { preconditionFailure("BUG: no metric of \(file)") }
            table.add(metric, "node_network_\(name)", [("network.interface.name", "device")])
        }
        table.add(LinkMetrics.up, "node_network_up", [name])
        table.add(LinkMetrics.speed, "node_network_speed_bytes", [name])
        table.add(LinkMetrics.carrierChanges, "node_network_carrier_changes_total", [name], isSum: true)
        for state in ["up", "down"] {
            table.add(
                LinkMetrics.carrierChanges, "node_network_carrier_\(state)_changes_total", [name],
                when: [("system.network.interface.carrier.state", state)])
        }
        table.add(
            LinkMetrics.info, "node_network_info",
            [
                name, ("system.network.interface.address", "address"),
                ("system.network.interface.broadcast", "broadcast"), ("system.network.interface.duplex", "duplex"),
                ("system.network.interface.state", "operstate"), ("system.network.interface.admin_state", "adminstate"),
                ("system.network.interface.alias", "ifalias"),
            ])
        table.add(InterfacesCollector.neighbours, "node_arp_entries", [name])
        let processor = [("cpu.logical_number", "cpu")]
        for (metric, name) in [
            (SoftnetMetrics.processed, "processed_total"), (SoftnetMetrics.dropped, "dropped_total"),
            (SoftnetMetrics.squeezed, "times_squeezed_total"), (SoftnetMetrics.steered, "received_rps_total"),
            (SoftnetMetrics.flowLimit, "flow_limit_count_total"), (SoftnetMetrics.backlog, "backlog_len"),
        ] {
            table.add(metric, "node_softnet_\(name)", processor)
        }
        table.add(
            ConnectionsCollector.udpQueues, "node_udp_queues",
            [("network.io.direction", "queue"), ("network.type", "ip")],
            words: ["receive": "rx", "transmit": "tx", "ipv4": "v4", "ipv6": "v6"])
    }

    private static func addProtocols(_ table: inout RuleTable) {
        let counters = [ProtocolsCollector.snmp, ProtocolsCollector.levels, ProtocolsCollector.snmp6].flatMap(\.values)
        // In an order that is the same each time, for the table of all metrics.
        for counter in counters.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            var name = String(decoding: counter.name, as: UTF8.self)
            if let dot = name.firstIndex(of: ".") {
                name.replaceSubrange(dot...dot, with: "_")
            } else if let six = name.firstIndex(of: "6") {
                name.insert("_", at: name.index(after: six))
            }
            var rule = table.rule(counter.metric, "node_netstat_\(name)")
            rule.conditions = counter.attributes
            table.add(rule, to: counter.metric)
        }
        for name in ["tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "frag", "frag6", "all"] {
            let group = name == "all" ? "sockets" : name.uppercased()
            for state in ["inuse", "orphan", "time_wait", "alloc", "used"] {
                table.add(
                    ProtocolsCollector.sockets, "node_sockstat_\(group)_\(state == "time_wait" ? "tw" : state)",
                    when: [("network.protocol.name", name), ("system.network.socket.state", state)])
            }
            let isOfFragments = name.hasPrefix("frag")
            table.add(
                ProtocolsCollector.socketMemory,
                "node_sockstat_\(group)_\(isOfFragments ? "memory" : "mem_bytes")",
                when: [("network.protocol.name", name)])
            if !isOfFragments {
                table.add(
                    ProtocolsCollector.socketMemory, "node_sockstat_\(group)_mem",
                    when: [("network.protocol.name", name)], factor: 1 / Double(pageSize))
            }
        }
    }

    private static func addKernel(_ table: inout RuleTable) {
        table.add(ProcessesCollector.created, "node_forks_total")
        table.add(ProcessesCollector.running, "node_procs_running")
        table.add(ProcessesCollector.blocked, "node_procs_blocked")
        table.add(ProcessesCollector.threads, "node_processes_threads")
        table.add(ProcessesCollector.count, "node_processes_pids", isSum: true)
        for (state, letter) in [
            ("running", "R"), ("sleeping", "S"), ("uninterruptible", "D"), ("defunct", "Z"), ("stopped", "T"),
            ("traced", "t"), ("idle", "I"),
        ] {
            table.add(
                ProcessesCollector.count, "node_processes_state", when: [("process.state", state)],
                constants: [("state", letter)])
        }
        table.add(UptimeCollector.bootTime, "node_boot_time_seconds")
        table.add(FileHandlesCollector.count, "node_filefd_allocated")
        table.add(FileHandlesCollector.limit, "node_filefd_maximum")
        table.add(EntropyCollector.available, "node_entropy_available_bits")
        table.add(EntropyCollector.limit, "node_entropy_pool_size_bits")
        table.add(ConntrackCollector.count, "node_nf_conntrack_entries")
        table.add(ConntrackCollector.limit, "node_nf_conntrack_entries_limit")
        for event in ConntrackCollector.columns {
            table.add(
                ConntrackCollector.events, "node_nf_conntrack_stat_\(event)",
                when: [("system.network.conntrack.event", event)])
        }
        for (metric, name) in [
            (ClockCollector.synchronized, "sync_status"), (ClockCollector.offset, "offset_seconds"),
            (ClockCollector.frequency, "frequency_adjustment_ratio"), (ClockCollector.maximumError, "maxerror_seconds"),
            (ClockCollector.estimatedError, "estimated_error_seconds"), (ClockCollector.status, "status"),
            (ClockCollector.timeConstant, "loop_time_constant"), (ClockCollector.tick, "tick_seconds"),
            (ClockCollector.taiOffset, "tai_offset_seconds"),
            (ClockCollector.pulseFrequency, "pps_frequency_hertz"), (ClockCollector.pulseJitter, "pps_jitter_seconds"),
            (ClockCollector.pulseShift, "pps_shift_seconds"), (ClockCollector.pulseStability, "pps_stability_hertz"),
        ] {
            table.add(metric, "node_timex_\(name)")
        }
        for (event, name) in [
            ("calibration", "calibration"), ("calibration_error", "error"), ("jitter_exceeded", "jitter"),
            ("stability_exceeded", "stability_exceeded"),
        ] {
            table.add(
                ClockCollector.pulseEvents, "node_timex_pps_\(name)_total",
                when: [("system.clock.pulse.event", event)])
        }
        table.add(ClockCollector.time, "node_time_seconds")
        table.add(
            UptimeCollector.kernel, "node_uname_info",
            [
                ("host.name", "nodename"), ("system.kernel.domain_name", "domainname"),
                ("system.kernel.machine", "machine"), ("system.kernel.release", "release"),
                ("system.kernel.name", "sysname"), ("system.kernel.version", "version"),
            ])
        table.add(
            SystemdCollector.state, "node_systemd_unit_state",
            [
                ("systemd.unit.name", "name"), ("systemd.unit.active_state", "state"), ("systemd.unit.type", "type"),
            ])
        table.add(SystemdCollector.count, "node_systemd_units", [("systemd.unit.active_state", "state")])
        table.add(SystemdCollector.running, "node_systemd_system_running")
        let collector = [("tributary.collector", "collector")]
        table.add(SelfMetrics.duration, "node_scrape_collector_duration_seconds", collector)
        table.add(SelfMetrics.success, "node_scrape_collector_success", collector)
    }

    private static func addHardware(_ table: inout RuleTable) {
        let sensors: [(Metric, String, [(String, String)])] = [
            (SensorsCollector.temperature, "temp_celsius", []),
            (SensorsCollector.temperatureLimit, "temp_max_celsius", [("hw.limit_type", "high.degraded")]),
            (SensorsCollector.temperatureLimit, "temp_crit_celsius", [("hw.limit_type", "high.critical")]),
            (SensorsCollector.fanSpeed, "fan_rpm", []), (SensorsCollector.voltage, "in_volts", []),
            (SensorsCollector.current, "curr_amps", []), (SensorsCollector.power, "power_watt", []),
            (SensorsCollector.energy, "energy_joule_total", []),
        ]
        for (metric, name, condition) in sensors {
            var rule = table.rule(metric, "node_hwmon_\(name)")
            rule.conditions = condition.map { MetricAttribute($0, $1) }
            rule.presence = ("hw.parent", true)
            rule.labels = [
                NodeExporterRule.Label(key: "hw.parent", name: "chip", part: .letters),
                NodeExporterRule.Label(key: "hw.id", name: "sensor", part: .behindSlash),
            ]
            table.add(rule, to: metric)
        }
        addThermal(&table)
        addPowerSupplies(&table)
    }

    private static func addThermal(_ table: inout RuleTable) {
        for (metric, name, number) in [
            (SensorsCollector.temperature, "thermal_zone_temp", "zone"),
            (ThermalCollector.coolingState, "cooling_device_cur_state", "name"),
            (ThermalCollector.coolingLimit, "cooling_device_max_state", "name"),
        ] {
            var rule = table.rule(metric, "node_\(name)")
            rule.presence = ("hw.parent", false)
            rule.labels = [
                NodeExporterRule.Label(key: "hw.id", name: number, part: .number),
                NodeExporterRule.Label(key: "hw.name", name: "type"),
            ]
            table.add(rule, to: metric)
        }
    }

    private static func addPowerSupplies(_ table: inout RuleTable) {
        let name = [("hw.name", "power_supply")]
        table.add(PowerSupplyCollector.charge, "node_power_supply_capacity", name, factor: 100)
        table.add(PowerSupplyCollector.cycles, "node_power_supply_cyclecount", name)
        for (state, flag) in [("ok", 1), ("offline", 0)] as [(String, Int64)] {
            table.add(
                PowerSupplyCollector.status, "node_power_supply_online", name, when: [("hw.state", state)], flag: flag)
        }
        for (metric, word) in [
            (SensorsCollector.voltage, "voltage_volt"), (SensorsCollector.current, "current_ampere"),
            (SensorsCollector.power, "power_watt"),
        ] {
            var rule = table.rule(metric, "node_power_supply_\(word)")
            rule.presence = ("hw.parent", false)
            rule.labels = [NodeExporterRule.Label(key: "hw.name", name: "power_supply")]
            table.add(rule, to: metric)
        }
    }
}

extension MemoryField {
    /// As node_exporter writes it: `Active_anon` for `Active(anon)`.
    fileprivate var nodeExporterName: String {
        rawValue.hasSuffix(")") ? String(rawValue.dropLast()).split(separator: "(").joined(separator: "_") : rawValue
    }
}
