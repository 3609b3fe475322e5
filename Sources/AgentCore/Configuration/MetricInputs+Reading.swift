internal import HostMetrics
internal import MetricInputs
internal import SystemPackage
internal import YAMLConfiguration

/// What a source of the type `prometheus` may say.
///
/// - Returns: nil after a problem with its targets.
func readPrometheusSource(_ section: ConfigurationSection, name: String, topic: String?) -> AgentSource? {
    let targets = section.required(
        "targets",
        Form<[ScrapeTarget]>.list(of: .scrapeTarget, atLeast: 1).checked(
            "a list of http://HOST:PORT/PATH or HOST:PORT, at most 1000 and each once"
        ) {
            $0.count <= 1000 && Set($0).count == $0.count
        })
    var input = ScrapeConfiguration(targets: targets ?? [], job: name)
    input.interval = section.value(
        "interval", .duration(.milliseconds(100) ... .seconds(86_400)), default: input.interval)
    let timeout = section.value("timeout", .duration(.milliseconds(10) ... .seconds(86_400)))
    if let timeout, timeout > input.interval {
        section.report("a scrape takes no longer than the interval", key: "timeout")
    }
    input.timeout = min(timeout ?? input.timeout, input.interval)
    input.bodyLimit = section.value("body.limit", .byteSize(1 << 10...1 << 30), default: input.bodyLimit)
    input.seriesLimit = section.value("series.limit", .integer(1...1_000_000), default: input.seriesLimit)
    input.job = section.value("job", .text, default: input.job)
    input.prefersOpenMetrics = section.value("openmetrics", .boolean, default: input.prefersOpenMetrics)
    var source = InputSource(name: name, topic: topic, input)
    source.format = section.value("format", .choice, default: source.format)
    return targets == nil ? nil : .prometheus(source)
}

/// What a source of the type `statsd` may say.
func readStatsDSource(
    _ section: ConfigurationSection, name: String, topic: String?
) -> InputSource<StatsDConfiguration> {
    var input = StatsDConfiguration()
    if let listen = section.value("listen", .statsDAddress) {
        input.listen = listen.address.map { (host: $0.host, port: $0.port) }
    }
    input.socket = section.value("socket", .absolutePath).map { FilePath($0) }
    if input.listen == nil, input.socket == nil {
        section.report("without an address or a \"socket\" there is nothing to receive from", key: "listen")
    }
    input.interval = section.value(
        "interval", .duration(.milliseconds(100) ... .seconds(86_400)), default: input.interval)
    input.seriesLimit = section.value("series.limit", .integer(1...1_000_000), default: input.seriesLimit)
    input.expiry = section.value("expiry", .duration(.seconds(1) ... .seconds(365 * 86_400)), default: input.expiry)
    input.quantiles = section.value(
        "quantiles",
        Form<[Double]>.list(of: .quantile).checked("at most 20 quantiles, each once, in ascending order") { quantiles in
            quantiles.count <= 20 && zip(quantiles, quantiles.dropFirst()).allSatisfy { $0 < $1 }
        }, default: input.quantiles)
    let counters = section.value("counters", Form<StatsDConfiguration.Counters>.choice)
    var source = InputSource(name: name, topic: topic, input)
    source.format = section.value("format", .choice, default: source.format)
    if source.format == .prometheus, counters == .delta {
        section.report("the format prometheus has no deltas; take cumulative", key: "counters")
    }
    source.input.counters = counters ?? (source.format == .prometheus ? .cumulative : input.counters)
    source.input.hasPrometheusLabels = source.format == .prometheus
    return source
}

/// What a source of the type `textfile` may say.
///
/// - Returns: nil after a problem with its directory.
func readTextfileSource(_ section: ConfigurationSection, name: String, topic: String?) -> AgentSource? {
    let directory = section.required("directory", .absolutePath)
    var input = TextfileConfiguration(directory: FilePath(directory ?? "/"))
    input.interval = section.value(
        "interval", .duration(.milliseconds(100) ... .seconds(86_400)), default: input.interval)
    input.fileLimit = section.value("file.limit", .byteSize(1 << 10...1 << 30), default: input.fileLimit)
    input.seriesLimit = section.value("series.limit", .integer(1...1_000_000), default: input.seriesLimit)
    var source = InputSource(name: name, topic: topic, input)
    source.format = section.value("format", .choice, default: source.format)
    return directory == nil ? nil : .textfile(source)
}

/// An address to listen on, or none.
private struct StatsDAddress {
    var address: HostPort?
}

extension Form where Value == StatsDAddress {
    fileprivate static var statsDAddress: Form {
        .parsed("HOST:PORT with a port from 0 (any free one) to 65535, such as 127.0.0.1:8125, or none") { text in
            if text == "none" { return StatsDAddress(address: nil) }
            return HostPort(parsing: text).map { StatsDAddress(address: $0) }
        }
    }
}

extension Form where Value == Double {
    /// Between 0 and 1, with at most three decimals behind those of a percent, as names have them.
    fileprivate static var quantile: Form {
        .parsed("a number between 0 and 1, such as 0.99") { text in
            guard text.utf8.count <= 8, text.utf8.allSatisfy({ 48...57 ~= $0 || $0 == UInt8(ascii: ".") }) else {
                return nil
            }
            return Double(text).flatMap { $0 > 0 && $0 < 1 ? $0 : nil }
        }
    }
}

extension Form where Value == ScrapeTarget {
    fileprivate static var scrapeTarget: Form {
        .parsed("http://HOST:PORT/PATH or HOST:PORT, such as http://127.0.0.1:9100/metrics (https is not spoken)") {
            text in
            var rest = Substring(text)
            let hasScheme = rest.hasPrefix("http://")
            if hasScheme { rest = rest.dropFirst("http://".utf8.count) }
            let slash = rest.firstIndex(of: "/") ?? rest.endIndex
            let path = slash == rest.endIndex ? "/metrics" : String(rest[slash...])
            guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
            let authority = String(rest[..<slash])
            let address = HostPort(parsing: authority) ?? (hasScheme ? HostPort(parsing: authority + ":80") : nil)
            guard let address, address.port > 0 else { return nil }
            return ScrapeTarget(host: address.host, port: address.port, path: path)
        }
    }
}
