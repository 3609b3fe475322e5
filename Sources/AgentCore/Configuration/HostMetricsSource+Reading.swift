internal import HostMetrics
internal import Primitives
internal import SystemPackage
internal import YAMLConfiguration

extension HostMetricsSource {
    /// What a source of the type `host_metrics` may say.
    init(_ section: ConfigurationSection, name: String, topic: String?) {
        self.init(name: name, topic: topic)
        stream.interval = section.value(
            "interval", .duration(.milliseconds(100) ... .seconds(86_400)), default: stream.interval)
        stream.host.rootPath = section.value("root_path", .absolutePath).map { FilePath($0) } ?? stream.host.rootPath
        readCollectors(section)
        stream.format = section.value("format", .choice, default: stream.format)
        stream.names = section.value("names", .choice, default: stream.names)
        stream.counters = section.value("counters", .choice, default: stream.counters)
        if stream.format == .prometheus, stream.counters == .delta {
            section.report("the format prometheus has no deltas; take cumulative or rate", key: "counters")
        }
        readWindow(section)
        stream.host.scanInterval = section.value(
            "scan.interval", .duration(.zero ... .seconds(86_400)), default: stream.host.scanInterval)
        stream.host.reportsAgent = section.value("agent.metrics", .boolean, default: stream.host.reportsAgent)
        stream.host.perCPU = section.value("per_cpu", .boolean, default: stream.host.perCPU)
        stream.host.disks = section.value("disks", .names(stream.host.disks), default: stream.host.disks)
        stream.host.filesystems = section.value("filesystems", .filesystems, default: stream.host.filesystems)
        stream.host.interfaces = section.value(
            "interfaces", .names(stream.host.interfaces), default: stream.host.interfaces)
        stream.host.cgroups = section.value("cgroups", .cgroups, default: stream.host.cgroups)
        stream.host.systemd = section.value("systemd", .systemd, default: stream.host.systemd)
        stream.host.processes = section.value("processes", .processes, default: stream.host.processes)
    }

    /// `collectors` is what there is to begin with, `collectors.on` and `collectors.off` change that.
    private mutating func readCollectors(_ section: ConfigurationSection) {
        func list(atLeast least: Int) -> Form<[CollectorKind]> {
            .list(of: .choice, atLeast: least).checked("each collector once") { Set($0).count == $0.count }
        }
        let base = section.value("collectors", list(atLeast: 1))
        let on = section.value("collectors.on", list(atLeast: 0), default: [])
        let off = section.value("collectors.off", list(atLeast: 0), default: [])
        if let base { stream.host.collectors = Set(base) }
        if let both = on.first(where: off.contains) {
            section.report("\"\(both.rawValue)\" is in collectors.on too", key: "collectors.off")
        }
        stream.host.collectors.formUnion(on)
        stream.host.collectors.subtract(off)
        if stream.host.collectors.isEmpty { section.report("no collector is left", key: "collectors.off") }
    }

    private mutating func readWindow(_ section: ConfigurationSection) {
        let length = section.value("window", .duration(.milliseconds(100) ... .seconds(86_400)))
        let aggregates = section.value(
            "aggregates",
            Form<[Aggregate]>.list(of: .choice, atLeast: 1).checked("each once") { Set($0).count == $0.count })
        if aggregates != nil, !section.has("window") {
            section.report("without a \"window\" there is nothing to put together", key: "aggregates")
        }
        guard let length else { return }
        if length < stream.interval { section.report("a window is at least as long as the interval", key: "window") }
        var window = WindowConfiguration(length: length)
        if let aggregates { window.aggregates = Set(aggregates) }
        stream.window = window
    }
}

extension Form where Value == NamePattern {
    fileprivate static var namePattern: Form {
        Form<String>.text("a name, with * for any characters, ? for one and [a-z] for one of a class").map {
            NamePattern($0)
        }
    }
}

extension Form where Value: NameSelection {
    /// `include` and `exclude`.
    fileprivate static func names(_ defaults: Value) -> Form {
        .section { section in
            var selection = defaults
            selection.read(section)
            return selection
        }
    }
}

extension NameSelection {
    fileprivate mutating func read(_ section: ConfigurationSection) {
        included = section.value("include", .list(of: .namePattern, atLeast: 1), default: included)
        excluded = section.value("exclude", .list(of: .namePattern), default: excluded)
    }
}

extension Form where Value == FilesystemSelection {
    fileprivate static var filesystems: Form {
        .section { section in
            var selection = FilesystemSelection()
            let patterns = Form<[NamePattern]>.list(of: .namePattern)
            selection.read(section)
            selection.excludedTypes = section.value("exclude.types", patterns, default: selection.excludedTypes)
            selection.includesNetwork = section.value("network", .boolean, default: selection.includesNetwork)
            selection.deadline = section.value(
                "deadline", .duration(.milliseconds(10) ... .seconds(60)), default: selection.deadline)
            return selection
        }
    }
}

extension Form where Value == CgroupSelection {
    fileprivate static var cgroups: Form {
        .section { section in
            var selection = CgroupSelection()
            selection.read(section)
            selection.depth = section.value("depth", .integer(1...16), default: selection.depth)
            selection.limit = section.value("limit", .integer(1...10_000), default: selection.limit)
            selection.interval = section.value(
                "interval", .duration(.zero ... .seconds(86_400)), default: selection.interval)
            return selection
        }
    }
}

extension Form where Value == SystemdSelection {
    fileprivate static var systemd: Form {
        .section { section in
            var selection = SystemdSelection()
            selection.read(section)
            selection.asksBus = section.value("bus", .boolean, default: selection.asksBus)
            return selection
        }
    }
}

extension Form where Value == ProcessSelection {
    fileprivate static var processes: Form {
        .section { section in
            var selection = ProcessSelection()
            selection.read(section)
            selection.limit = section.value("top", .integer(1...10_000), default: selection.limit)
            return selection
        }
    }
}
