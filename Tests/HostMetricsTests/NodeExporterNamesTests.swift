import HostMetrics
import Testing

@Suite struct NodeExporterNamesTests {
    /// Name, labels and value of every point, in Prometheus' own notation.
    private func lines(_ host: FixtureHost, _ collectors: CollectorKind...) -> Set<String> {
        var points = collectors.flatMap { host.sample($0).points }
        MetricNames.prometheus.translate(&points)
        return Set(
            points.map { point in
                let labels = point.attributes.map { attribute in
                    switch attribute.value {
                    case .text(let text): "\(attribute.key)=\(text)"
                    case .bytes(let bytes): "\(attribute.key)=\(String(decoding: bytes, as: UTF8.self))"
                    case .integer: "an integer is no label"
                    }
                }
                return "\(point.name){\(labels.sorted().joined(separator: ","))} \(point.value.asDouble)"
            })
    }

    @Test func `times of processors go by cpu and mode, and total is not among them`() {
        let host = FixtureHost("vm")
        host.set("proc/stat", to: "cpu  1 2 3 4 5 600 7 8 9 10\ncpu0 1 2 3 4 5 600 7 8 9 10\nintr 1\n")
        let found = lines(host, .cpu)
        #expect(found.contains("node_cpu_seconds_total{cpu=0,mode=irq} 6.0"))
        #expect(found.contains("node_cpu_guest_seconds_total{cpu=0,mode=user} 0.09"))
        #expect(!found.contains { $0.hasPrefix("node_cpu_seconds_total{mode") })
    }

    @Test func `what node_exporter has in another cut is added up`() {
        let host = FixtureHost("vm")
        let labels = "{device=/dev/vda,fstype=ext4,mountpoint=/}"
        let found = lines(host, .filesystem).filter { $0.contains("mountpoint=/}") }
        #expect(found.contains("node_filesystem_size_bytes\(labels) \(Double(64 << 30))"), "\(found)")
        #expect(found.contains("node_filesystem_avail_bytes\(labels) \(Double(20 << 30))"))
        #expect(found.contains("node_filesystem_free_bytes\(labels) \(Double(24 << 30))"))
        #expect(found.contains("node_filesystem_files\(labels) 4194304.0"))
        #expect(found.contains("node_filesystem_files_free\(labels) 4000000.0"))
        #expect(found.contains("node_filesystem_readonly\(labels) 0.0"))

        host.set("proc/vmstat", to: "pgfault 1000\npgmajfault 30\npgpgin 7\npgpgout 8\n")
        let paging = lines(host, .paging)
        #expect(paging.contains("node_vmstat_pgfault{} 1000.0"))
        #expect(paging.contains("node_vmstat_pgmajfault{} 30.0"))
        #expect(paging.contains("node_vmstat_pgpgin{} 7.0"))
    }

    @Test func `sensors go by the chip's address and the kernel's name of the sensor`() {
        let found = lines(FixtureHost("server"), .sensors)
        #expect(found.contains { $0.hasPrefix("node_hwmon_temp_celsius{chip=") && $0.contains(",sensor=temp1}") })
        #expect(lines(FixtureHost("server"), .thermal).contains { $0.hasPrefix("node_thermal_zone_temp{") })
    }

    @Test func `what node_exporter does not have goes by a name in its style`() {
        var host = FixtureHost("server")
        host.configuration.reportsItself = true
        let found = lines(host, .cgroups)
        #expect(
            found.contains {
                $0.hasPrefix("system_linux_cgroup_cpu_time_seconds_total{")
                    && $0.contains("system_linux_cgroup_path=/system.slice/ssh.service")
            })
        #expect(found.contains("node_scrape_collector_success{collector=cgroups} 1.0"))
    }

    @Test func `a restart of one part is a restart of the sum, and increases add up`() throws {
        let host = FixtureHost("vm")
        var sampler = host.sampler([.paging])
        func sample(_ faults: Int, _ major: Int) throws -> MetricPoint {
            host.set("proc/vmstat", to: "pgfault \(faults)\npgmajfault \(major)\n")
            var points = sampler.sample().points
            MetricNames.prometheus.translate(&points)
            return try #require(points.first { $0.name == "node_vmstat_pgfault" })
        }
        #expect(try sample(100, 10).increase == nil)
        #expect(try sample(150, 20).increase?.value == .integer(50))
        let after = try sample(160, 5)
        #expect(after.isReset && after.value == .integer(160))
    }
}
