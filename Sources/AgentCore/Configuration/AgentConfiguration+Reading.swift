package import YAMLConfiguration

extension AgentConfiguration {
    /// What `agent.yaml` may say.
    ///
    /// - Parameter machineName: `hostName` where the file does not say it.
    package static func form(machineName: String) -> Form<AgentConfiguration> {
        .section { section in
            var configuration = AgentConfiguration(hostName: machineName, sources: [])
            let defaults = configuration
            configuration.stateDirectory = section.value("state_dir", .absolutePath, default: defaults.stateDirectory)
            configuration.hostName = section.value("host_name", .hostName, default: machineName)
            configuration.collector = section.value("collector", .collectorConnection, default: CollectorConnection())
            configuration.memoryLimit = section.value(
                "memory.limit", .byteSize(8 << 20...64 << 30), default: defaults.memoryLimit)
            configuration.memoryMaximum = section.value(
                "memory.max", .byteSize(16 << 20...1 << 40), default: defaults.memoryMaximum)
            configuration.fileLimit = section.value(
                "files.limit", .integer(1...10_000_000), default: defaults.fileLimit)
            configuration.spoolLimit = section.value(
                "spool.limit", .byteSize(1 << 20...1 << 40), default: defaults.spoolLimit)
            configuration.deadLetterLimit = section.value(
                "dead_letters.limit", .byteSize(1 << 20...1 << 40), default: defaults.deadLetterLimit)
            configuration.statusListen = section.value("status.listen", .listeningAddress)
            guard let sources = section.required("sources", .list(of: .sourceInPlace, atLeast: 1)) else { return nil }
            configuration.sources = sources.map(\.source)
            reportDoubleNames(sources, in: section)
            return configuration
        }
    }

    private static func reportDoubleNames(_ sources: [SourceInPlace], in section: ConfigurationSection) {
        var lines: [String: Int] = [:]
        for (index, source) in sources.enumerated() {
            if let line = lines[source.source.name] {
                section.report(
                    "the name \"\(source.source.name)\" is taken by the source in line \(line)",
                    key: "sources[\(index)].name", at: source.place)
            }
            lines[source.source.name] = source.place?.line
        }
    }
}

/// A source with the place of its name.
private struct SourceInPlace {
    var source: AgentSource
    var place: SourcePlace?
}

extension Form where Value == CollectorConnection {
    fileprivate static var collectorConnection: Form {
        .section { section in
            var connection = CollectorConnection()
            let defaults = connection
            connection.bootstrap = section.value(
                "bootstrap", .list(of: .hostPort, atLeast: 1), default: defaults.bootstrap)
            connection.compression = section.value("compression", .choice, default: defaults.compression)
            connection.batchBytes = section.value(
                "batch.size", .byteSize(1024...1_000_000), default: defaults.batchBytes)
            connection.lingerLimit = section.value(
                "linger.ms", .milliseconds(0...60_000), default: defaults.lingerLimit)
            return connection
        }
    }
}

private enum SourceType: String, CaseIterable {
    case file
    case hostMetrics = "host_metrics"
    case prometheus, statsd, textfile
}

extension Form where Value == SourceInPlace {
    fileprivate static var sourceInPlace: Form {
        .section { section in
            let name = section.required("name", .sourceName)
            let topic = section.value("topic", .topicName)
            guard let type = section.required("type", Form<SourceType>.choice) else {
                // Which keys belong here is not known without the type: none is reported as unknown.
                section.acceptAll()
                return nil
            }
            let source: AgentSource? =
                switch type {
                case .file: readFileSource(section, name: name, topic: topic)
                case .hostMetrics: .hostMetrics(HostMetricsSource(section, name: name ?? "", topic: topic))
                case .prometheus: readPrometheusSource(section, name: name ?? "", topic: topic)
                case .statsd: .statsd(readStatsDSource(section, name: name ?? "", topic: topic))
                case .textfile: readTextfileSource(section, name: name ?? "", topic: topic)
                }
            guard name != nil, let source else { return nil }
            return SourceInPlace(source: source, place: section.place(of: "name"))
        }
    }
}

private func readFileSource(_ section: ConfigurationSection, name: String?, topic: String?) -> AgentSource? {
    let include = section.required("include", .list(of: .absoluteGlob, atLeast: 1))
    var source = FileSource(name: name ?? "", topic: topic, include: include ?? [])
    source.exclude = section.value("exclude", .list(of: .glob), default: source.exclude)
    source.start = section.value("start", .choice, default: source.start)
    source.maximumLineBytes = section.value(
        "max.line.bytes", .byteSize(128...1 << 20), default: source.maximumLineBytes)
    source.longLines = section.value("long.lines", .choice, default: source.longLines)
    source.encoding = section.value("encoding", .choice, default: source.encoding)
    source.compressed = section.value("compressed", .choice, default: source.compressed)
    source.ignoreOlder = section.value("ignore_older", .duration(.seconds(1) ... .seconds(3650 * 86_400)))
    return include == nil ? nil : .file(source)
}
