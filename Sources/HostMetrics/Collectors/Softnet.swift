/// What a CPU did with received packets before a protocol took them: one line of /proc/net/softnet_stat, whose columns
/// are hexadecimal (kernel: `softnet_seq_show` in net/core/net-procfs.c).
struct SoftnetCounts: Equatable {
    var cpu: Int64
    /// By `SoftnetMetrics.columns`; fewer on older kernels.
    var values: [Int64]

    static func parse(_ text: SourceText) throws(MetricSourceError) -> [SoftnetCounts] {
        var lines: [SoftnetCounts] = []
        var cursor = LineCursor(text)
        while try cursor.nextLine() {
            var numbers: [Int64] = []
            while let field = cursor.field() {
                // Numbers of 32 bits, always with all their digits: a shorter one is cut.
                guard field.count == 8, let number = cursor.hexadecimal(in: field) else {
                    throw cursor.failure("numbers of 8 hexadecimal digits")
                }
                numbers.append(number)
            }
            guard numbers.count >= 9 else { throw cursor.failure("at least 9 numbers") }
            // Since kernel 5.14 the line says of which CPU it is; those that are off have none.
            lines.append(
                SoftnetCounts(
                    cpu: numbers.count > 12 ? numbers[12] : Int64(lines.count),
                    values: SoftnetMetrics.columns.filter { $0.column < numbers.count }.map { numbers[$0.column] }))
        }
        guard !lines.isEmpty else { throw text.failure("a line for each CPU") }
        return lines
    }

    static func add(_ lines: [SoftnetCounts], perCPU: Bool, to pass: inout SamplingPass) {
        for (index, column) in SoftnetMetrics.columns.enumerated() {
            let told = lines.filter { index < $0.values.count }
            if perCPU {
                for line in told {
                    pass.add(
                        column.metric, line.values[index],
                        [MetricAttribute("cpu.logical_number", .integer(line.cpu))])
                }
            } else if !told.isEmpty {
                pass.add(column.metric, told.reduce(0) { $0 + $1.values[index] })
            }
        }
    }
}

enum SoftnetMetrics {
    private static let prefix = "system.network.softnet"
    private static let file = "/proc/net/softnet_stat"

    static let processed = Metric(
        "\(prefix).processed", .counter, unit: "{packet}", "Packets that were processed.", source: file)
    static let dropped = Metric(
        "\(prefix).dropped", .counter, unit: "{packet}", "Packets dropped because the CPU's queue was full.",
        source: file)
    static let squeezed = Metric(
        "\(prefix).squeezed", .counter, unit: "{event}",
        "Times that there was more to do than the time or the budget of packets allowed.", source: file)
    static let steered = Metric(
        "\(prefix).steered", .counter, unit: "{event}", "Times that another CPU handed packets over (RPS).",
        source: file)
    static let flowLimit = Metric(
        "\(prefix).flow_limit", .counter, unit: "{event}", "Times that one flow had too much of the queue.",
        source: file)
    static let backlog = Metric(
        "\(prefix).backlog", .upDownCounter, unit: "{packet}", "Packets in the CPU's queue.", source: file)

    static let columns: [(column: Int, metric: Metric)] = [
        (0, processed), (1, dropped), (2, squeezed), (9, steered), (10, flowLimit), (11, backlog),
    ]
    static let all = columns.map(\.metric)
}
