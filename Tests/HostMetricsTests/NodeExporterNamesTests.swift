import HostMetrics
import TestSupport
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

    @Test func `interfaces have node_exporter's names for what they are`() {
        let found = lines(FixtureHost("server"), .interfaces)
        for line in [
            "node_network_up{device=enp3s0f0} 1.0", "node_network_up{device=enp3s0f1} 0.0",
            "node_network_up{device=lo} 0.0", "node_network_carrier{device=enp3s0f0} 1.0",
            "node_network_carrier_changes_total{device=enp3s0f0} 5.0",
            "node_network_carrier_up_changes_total{device=enp3s0f0} 3.0",
            "node_network_carrier_down_changes_total{device=enp3s0f0} 2.0",
            "node_network_mtu_bytes{device=enp3s0f0} 9000.0", "node_network_speed_bytes{device=enp3s0f0} 1250000000.0",
            "node_network_flags{device=enp3s0f0} 6147.0", "node_network_iface_id{device=enp3s0f0} 2.0",
            "node_network_protocol_type{device=lo} 772.0", "node_network_receive_nohandler_total{device=enp3s0f0} 17.0",
            "node_arp_entries{device=bond0} 3.0", "node_softnet_dropped_total{cpu=0} 12.0",
            "node_softnet_times_squeezed_total{cpu=2} 17.0", "node_softnet_backlog_len{cpu=0} 7.0",
        ] {
            #expect(found.contains(line), "\(line)")
        }
        #expect(
            found.contains(
                "node_network_info{address=3c:fd:fe:00:00:01,adminstate=up,broadcast=ff:ff:ff:ff:ff:ff,device=bond0,"
                    + "duplex=full,ifalias=uplink of rack 3,operstate=up} 1.0"))
        #expect(!found.contains { $0.contains("veth1a2b3c4") })
        // Before kernel 4.16 there is the sum only, and a speed that is not known is written as a large one.
        let old = lines(FixtureHost("old"), .interfaces)
        #expect(old.contains("node_network_carrier_changes_total{device=eth0} 4.0"))
        #expect(!old.contains { $0.hasPrefix("node_network_speed") || $0.contains("up_changes") })
        #expect(old.contains("node_softnet_processed_total{cpu=1} 815.0"))
    }

    @Test func `what dashboards choose hosts and disks by has node_exporter's names`() {
        let host = FixtureHost("server")
        let found = lines(host, .disk, .uptime, .clock, .connections, .protocols)
        for line in [
            "node_disk_info{device=sda,major=8,minor=0,model=ST4000NM0035-1V4107,path=pci-0000:00:1f.2-ata-1,"
                + "revision=TN03,rotational=1,serial=ZC1ABCDE,wwn=0x5000c500a1b2c3d4} 1.0",
            "node_disk_info{device=nvme0n1,major=259,minor=0,model=Model with blanks,rotational=0,"
                + "serial=Model with blanks_S4EV} 1.0",
            "node_disk_info{device=dm-0,major=253,minor=0} 1.0",
            "node_uname_info{domainname=(none),machine=x86_64,nodename=db-3.example.com,release=5.15.0-140-generic,"
                + "sysname=Linux,version=#150-Ubuntu SMP Sat Apr 12 06:00:09 UTC 2025} 1.0",
            "node_time_seconds{} 1795263231.0", "node_timex_pps_calibration_total{} 90.0",
            "node_timex_pps_shift_seconds{} 8.0", "node_udp_queues{ip=v4,queue=rx} 2561.0",
            "node_udp_queues{ip=v4,queue=tx} 256.0",
        ] {
            #expect(found.contains(line), "\(line)")
        }
        #expect(found.contains { $0.hasPrefix("node_netstat_Tcp_CurrEstab{} ") })
        #expect(found.contains { $0.hasPrefix("node_netstat_Ip_Forwarding{} ") })
    }

    @Test func `a file system that cannot be asked is one with an error`() {
        let host = FixtureHost("vm")
        let path = "/mnt/with a blank\\"
        host.files.set(spaceAt: host.path("mnt/with a blank\\"), to: nil)
        let found = lines(host, .filesystem).filter { $0.hasPrefix("node_filesystem_device_error{") }
        #expect(found.filter { $0.hasSuffix(" 1.0") }.count == 1, "\(found)")
        #expect(found.contains { $0.contains("mountpoint=\(path)}") && $0.hasSuffix(" 1.0") })
        #expect(found.contains { $0.contains("mountpoint=/}") && $0.hasSuffix(" 0.0") })
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
