internal import FileAccess
internal import SystemPackage

/// Sensors of the hardware: /sys/class/hwmon (kernel: Documentation/hwmon/sysfs-interface.rst), named by the
/// conventions for hardware (`hw.*`).
struct SensorsCollector: Collector {
    static let kind = CollectorKind.sensors

    private static let file = "/sys/class/hwmon/*"
    static let temperature = Metric(
        "hw.temperature", .gauge, unit: "Cel", "Temperature of the sensor.",
        source: "\(file)/temp*_input, /sys/class/thermal/*/temp")
    static let temperatureLimit = Metric(
        "hw.temperature.limit", .gauge, unit: "Cel", "Temperature from which the sensor warns or alarms.",
        source: "\(file)/temp*_max, temp*_crit")
    static let fanSpeed = Metric(
        "hw.fan.speed", .gauge, unit: "rpm", "Speed of the fan.", source: "\(file)/fan*_input")
    static let voltage = Metric("hw.voltage", .gauge, unit: "V", "Voltage of the sensor.", source: "\(file)/in*_input")
    static let current = Metric(
        "hw.current", .gauge, unit: "A", "Current of the sensor.", source: "\(file)/curr*_input")
    static let power = Metric(
        "hw.power", .gauge, unit: "W", "Power of the sensor.", source: "\(file)/power*_input, power*_average")
    static let energy = Metric(
        "hw.energy", .counter, unit: "J", "Energy that the sensor counted.", source: "\(file)/energy*_input")
    static let metrics = [temperature, temperatureLimit, fanSpeed, voltage, current, power, energy]

    /// What a file's name begins and ends with, and by what its number is divided.
    private static let readings: [(prefix: String, suffix: String, type: String, metric: Metric, divisor: Double)] = [
        ("temp", "_input", "temperature", temperature, 1e3), ("fan", "_input", "fan", fanSpeed, 1),
        ("in", "_input", "voltage", voltage, 1e3), ("curr", "_input", "current", current, 1e3),
        ("power", "_input", "power", power, 1e6), ("power", "_average", "power", power, 1e6),
        ("energy", "_input", "energy", energy, 1e6),
    ]

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        let top = "sys/class/hwmon"
        for chip in pass.entries(top) {
            let files = pass.entries("\(top)/\(chip)")
            let name = pass.line("\(top)/\(chip)/name") ?? Array(chip.utf8)
            let parent = parent(of: chip, name, pass)
            for file in files {
                for reading in Self.readings
                where file.hasPrefix(reading.prefix) && file.hasSuffix(reading.suffix) {
                    let sensor = String(file.dropLast(reading.suffix.utf8.count))
                    guard Int(sensor.dropFirst(reading.prefix.utf8.count)) != nil else { continue }
                    // An average where there is no momentary value; both would be one series twice.
                    if reading.suffix == "_average", files.contains("\(sensor)_input") { continue }
                    var attributes = attributes(of: sensor, reading.type, chip, name, &pass)
                    attributes.append(MetricAttribute("hw.parent", parent))
                    add(reading.metric, "\(top)/\(chip)/\(file)", reading.divisor, attributes, &pass)
                    if reading.type == "temperature" { addLimits("\(top)/\(chip)/\(sensor)", files, attributes, &pass) }
                }
            }
        }
    }

    private func attributes(
        of sensor: String, _ type: String, _ chip: String, _ chipName: [UInt8], _ pass: inout SamplingPass
    ) -> [MetricAttribute] {
        let label = pass.line("sys/class/hwmon/\(chip)/\(sensor)_label") ?? Array(sensor.utf8)
        return [
            MetricAttribute("hw.id", "\(chip)/\(sensor)"), MetricAttribute("hw.name", label),
            MetricAttribute("hw.type", type), MetricAttribute("hw.model", chipName),
        ]
    }

    /// The device that the chip is on, by its bus and address (`platform/coretemp.0`), which unlike the chip's number
    /// is the same after every boot; the chip's name where it is on none.
    private func parent(of chip: String, _ name: [UInt8], _ pass: SamplingPass) -> [UInt8] {
        guard let device = try? pass.fileSystem.resolve(pass.reader.path("sys/class/hwmon/\(chip)/device")),
            let address = device.lastComponent, let bus = device.removingLastComponent().lastComponent
        else { return name }
        return Array("\(bus)/\(address)".utf8)
    }

    private func addLimits(
        _ path: String, _ files: [String], _ attributes: [MetricAttribute], _ pass: inout SamplingPass
    ) {
        for (suffix, type) in [("_max", "high.degraded"), ("_crit", "high.critical")] {
            let file = path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...] + suffix
            guard files.contains(String(file)) else { continue }
            let attributes = attributes + [MetricAttribute("hw.limit_type", type)]
            add(Self.temperatureLimit, path + suffix, 1e3, attributes, &pass)
        }
    }

    private func add(
        _ metric: Metric, _ path: String, _ divisor: Double, _ attributes: [MetricAttribute],
        _ pass: inout SamplingPass
    ) {
        pass.withSensor(path, isCount: metric.kind == .counter) { value, pass in
            pass.add(metric, Double(value) / divisor, attributes)
        }
    }
}

/// Thermal zones: /sys/class/thermal.
struct ThermalCollector: Collector {
    static let kind = CollectorKind.thermal

    static let coolingState = Metric(
        "system.linux.cooling.state", .gauge, unit: "1", "State of the cooling device, from 0 up to its highest.",
        source: "/sys/class/thermal/cooling_device*/cur_state")
    static let coolingLimit = Metric(
        "system.linux.cooling.limit", .gauge, unit: "1", "Highest state of the cooling device.",
        source: "/sys/class/thermal/cooling_device*/max_state")
    static let metrics = [SensorsCollector.temperature, coolingState, coolingLimit]

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        let top = "sys/class/thermal"
        for name in pass.entries(top) {
            let type = pass.line("\(top)/\(name)/type") ?? []
            let attributes = [MetricAttribute("hw.id", name), MetricAttribute("hw.name", type)]
            if name.hasPrefix("thermal_zone") {
                pass.withSensor("\(top)/\(name)/temp") { value, pass in
                    pass.add(
                        SensorsCollector.temperature, Double(value) / 1e3,
                        attributes + [MetricAttribute("hw.type", "temperature")])
                }
            } else if name.hasPrefix("cooling_device") {
                for (file, metric) in [("cur_state", Self.coolingState), ("max_state", Self.coolingLimit)] {
                    pass.withSensor("\(top)/\(name)/\(file)") { value, pass in
                        pass.add(metric, Double(value), attributes + [MetricAttribute("hw.type", "fan")])
                    }
                }
            }
        }
    }
}

/// Batteries and mains: /sys/class/power_supply (kernel: Documentation/ABI/testing/sysfs-class-power).
struct PowerSupplyCollector: Collector {
    static let kind = CollectorKind.powerSupply

    private static let file = "/sys/class/power_supply/*"
    static let charge = Metric(
        "hw.battery.charge", .gauge, unit: "1", "Charge of the battery, from 0 to 1.", source: "\(file)/capacity")
    static let timeLeft = Metric(
        "hw.battery.time_left", .gauge, unit: "s", "Time until the battery is full or empty.",
        source: "\(file)/time_to_full_now, time_to_empty_now")
    static let status = Metric(
        "hw.status", .upDownCounter, unit: "1", "1 for the state in which the supply is.",
        source: "\(file)/online, status")
    static let cycles = Metric(
        "hw.battery.cycles", .counter, unit: "{cycle}", "Charge cycles of the battery.", source: "\(file)/cycle_count")
    static let health = Metric(
        "hw.battery.health", .gauge, unit: "1", "What the battery holds when full, of what it was designed for.",
        source: "\(file)/energy_full, energy_full_design, charge_full, charge_full_design")
    /// Each in millionths.
    private static let readings = [
        ("voltage_now", SensorsCollector.voltage), ("current_now", SensorsCollector.current),
        ("power_now", SensorsCollector.power),
    ]
    static let metrics = [charge, timeLeft, status, cycles, health] + readings.map(\.1)

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        let top = "sys/class/power_supply"
        for name in pass.entries(top) {
            let type = pass.line("\(top)/\(name)/type").map { String(decoding: $0, as: UTF8.self).lowercased() }
            let attributes = [
                MetricAttribute("hw.id", name), MetricAttribute("hw.name", name),
                MetricAttribute("hw.type", type == "battery" ? "battery" : "power_supply"),
            ]
            collect("\(top)/\(name)", attributes, &pass)
        }
    }

    private func collect(_ path: String, _ attributes: [MetricAttribute], _ pass: inout SamplingPass) {
        pass.withSensor("\(path)/online") { online, pass in
            pass.add(Self.status, Int64(1), attributes + [MetricAttribute("hw.state", online == 0 ? "offline" : "ok")])
        }
        if let status = pass.line("\(path)/status") {
            let state = String(decoding: status, as: UTF8.self).lowercased()
            pass.add(Self.status, Int64(1), attributes + [MetricAttribute("hw.state", state)])
        }
        pass.withSensor("\(path)/capacity") { percent, pass in
            pass.add(Self.charge, Double(percent) / 100, attributes)
        }
        for (file, state) in [("time_to_full_now", "charging"), ("time_to_empty_now", "discharging")] {
            pass.withSensor("\(path)/\(file)") { seconds, pass in
                pass.add(Self.timeLeft, Double(seconds), attributes + [MetricAttribute("hw.battery.state", state)])
            }
        }
        pass.withSensor("\(path)/cycle_count", isCount: true) { count, pass in pass.add(Self.cycles, count, attributes)
        }
        for (file, metric) in Self.readings {
            pass.withSensor("\(path)/\(file)") { value, pass in pass.add(metric, Double(value) / 1e6, attributes) }
        }
        for amount in ["energy", "charge"] {
            pass.withSensor("\(path)/\(amount)_full") { full, pass in
                pass.withSensor("\(path)/\(amount)_full_design") { design, pass in
                    if design > 0 { pass.add(Self.health, Double(full) / Double(design), attributes) }
                }
            }
        }
    }
}

extension SamplingPass {
    /// Reads one number of a device. Drivers refuse it while a device sleeps, is being reset or has nothing to say
    /// (ENODATA, EAGAIN, ENXIO and the like): that is absence, and no failure of ours to report at each sample.
    ///
    /// - Parameter isCount: whether a negative number is wrong.
    mutating func withSensor(_ path: String, isCount: Bool = false, _ use: (Int64, inout SamplingPass) -> Void) {
        attempt { (pass) throws(MetricSourceError) in
            let text: SourceText?
            do throws(MetricSourceError) {
                text = try pass.readIfVanishing(path)
            } catch {
                if error.isDeviceRefusal { return }
                throw error
            }
            if let text { use(isCount ? try singleCount(text) : try singleInteger(text), &pass) }
        }
    }

    /// The line of text in a file; nil where there is none, or no file.
    mutating func line(_ path: String) -> [UInt8]? {
        do throws(MetricSourceError) {
            guard let text = try readIfVanishing(path) else { return nil }
            let line = singleLine(text)
            return line.isEmpty ? nil : line
        } catch {
            if !error.isDeviceRefusal { report(error) }
            return nil
        }
    }
}
