/// What the memory is used for: /proc/meminfo. Swap is `PagingCollector`'s.
struct MemoryCollector: Collector {
    static let kind = CollectorKind.memory

    private static let file = "/proc/meminfo"
    static let limit = Metric(
        "system.memory.limit", .upDownCounter, unit: "By", "Memory that the kernel can use.", source: file)
    static let usage = Metric(
        "system.memory.usage", .upDownCounter, unit: "By",
        "Memory by state. What can be reclaimed is not used, so that the states do not add up to the limit.",
        source: file)
    static let utilization = Metric(
        "system.memory.utilization", .gauge, unit: "1", "Share of the memory by state.", source: file)
    static let slab = Metric(
        "system.memory.linux.slab.usage", .upDownCounter, unit: "By",
        "Memory the kernel uses for caches of its own objects.", source: file)
    static let hugePagesLimit = Metric(
        "system.memory.linux.hugepages.limit", .upDownCounter, unit: "{page}", "Huge pages in the pool.",
        source: file)
    static let hugePages = Metric(
        "system.memory.linux.hugepages.usage", .upDownCounter, unit: "{page}", "Huge pages of the pool by state.",
        source: file)

    /// Fields that are told as they are.
    private static let fields: [(field: MemoryField, name: String, summary: String)] = [
        (.available, "available", "Estimate of the memory that programs can still get without swapping."),
        (.shared, "shared", "Shared memory, mostly of tmpfs."),
        (.active, "active", "Memory used more recently and usually not reclaimed."),
        (.inactive, "inactive", "Memory used less recently, the first to be reclaimed."),
        (.anonymous, "anonymous", "Memory of programs that is no file's."),
        (.mapped, "mapped", "Files mapped into programs."),
        (.dirty, "dirty", "Memory that waits to be written to disk."),
        (.writeback, "writeback", "Memory that is being written to disk."),
        (.unevictable, "unevictable", "Memory that cannot be reclaimed."),
        (.locked, "locked", "Memory locked by programs (mlock)."),
        (.kernelStack, "kernel_stack", "Kernel stacks of all threads."),
        (.pageTables, "page_tables", "Page tables of programs."),
        (.perCPU, "per_cpu", "Memory the kernel keeps per CPU."),
        (.anonymousHuge, "anonymous_hugepages", "Memory of programs that is in transparent huge pages."),
        (.corrupted, "hardware_corrupted", "Memory the kernel took out of use because of hardware errors."),
        (.committed, "committed", "Memory promised to programs, used or not."),
        (.commitLimit, "commit_limit", "The most that may be promised where overcommitting is off."),
        (.activeAnonymous, "active.anonymous", "Memory of programs that was used more recently."),
        (.inactiveAnonymous, "inactive.anonymous", "Memory of programs that was used less recently."),
        (.activeFile, "active.file", "Cached files that were used more recently."),
        (.inactiveFile, "inactive.file", "Cached files that were used less recently."),
        (.reclaimable, "kernel_reclaimable", "Memory of the kernel's that it gives back when it is short."),
        (.secondaryPageTables, "page_tables.secondary", "Page tables of virtual machines and devices."),
        (.unstable, "nfs_unstable", "Memory sent to an NFS server that has not stored it; 0 in newer kernels."),
        (.bounce, "bounce", "Memory for devices that cannot reach all memory."),
        (.writebackTemporary, "writeback_temporary", "Memory of FUSE's for what is being written."),
        (.sharedHuge, "shared_hugepages", "Shared memory that is in transparent huge pages."),
        (.sharedHugeMapped, "shared_hugepages.mapped", "Shared memory mapped in huge pages."),
        (.fileHuge, "file_hugepages", "Cached files that are in transparent huge pages."),
        (.fileHugeMapped, "file_hugepages.mapped", "Cached files mapped in huge pages."),
        (.hugeAll, "hugetlb", "Memory in the pools of huge pages of all sizes."),
        (.balloon, "balloon", "Memory that the hypervisor took back."),
        (.zswap, "zswap", "Memory that holds compressed swap."),
        (.zswapped, "zswapped", "Swap that is held compressed in memory, as it is uncompressed."),
        (.swapTotal, "swap.limit", "Swap space, as the memory's accounts have it."),
        (.swapFree, "swap.free", "Swap space that is free, as the memory's accounts have it."),
        (.swapCached, "swap.cached", "Memory that is in the swap space as well."),
        (.vmallocTotal, "vmalloc.limit", "Address space for the kernel's own mappings."),
        (.vmallocUsed, "vmalloc.used", "Address space that the kernel's own mappings use."),
        (.vmallocChunk, "vmalloc.chunk", "The largest free part of that; 0 in newer kernels."),
        (.directMap4k, "direct_map.4k", "Memory that the kernel maps in pages of 4 KiB."),
        (.directMap2M, "direct_map.2m", "Memory that the kernel maps in pages of 2 MiB."),
        (.directMap1G, "direct_map.1g", "Memory that the kernel maps in pages of 1 GiB."),
    ]
    static let amounts: [(field: MemoryField, metric: Metric)] = fields.map { field, name, summary in
        (field, Metric("system.memory.linux.\(name)", .upDownCounter, unit: "By", summary, source: file))
    }
    /// Page counts that are told as they are.
    static let pages: [(field: MemoryField, metric: Metric)] = [
        (.hugeReserved, "reserved", "Huge pages that are promised and still free."),
        (.hugeSurplus, "surplus", "Huge pages beyond the pool's size."),
    ].map { field, name, summary in
        (field, Metric("system.memory.linux.hugepages.\(name)", .upDownCounter, unit: "{page}", summary, source: file))
    }
    static let hugePageSize = Metric(
        "system.memory.linux.hugepages.page_size", .upDownCounter, unit: "By", "Size of a huge page.", source: file)

    static let metrics =
        [limit, usage, utilization, slab, hugePagesLimit, hugePages, hugePageSize] + amounts.map(\.metric)
        + pages.map(\.metric)

    init(_ configuration: HostMetricsConfiguration) {}

    mutating func collect(_ pass: inout SamplingPass) {
        pass.attempt { (pass) throws(MetricSourceError) in
            let memory = try MemoryInfo.parse(try pass.read("proc/meminfo"))
            let total = memory[.total] ?? 0
            pass.add(Self.limit, total)
            for (state, bytes) in memory.states {
                let attributes = [MetricAttribute("system.memory.state", state)]
                pass.add(Self.usage, bytes, attributes)
                if total > 0 { pass.add(Self.utilization, Double(bytes) / Double(total), attributes) }
            }
            for (field, metric) in Self.amounts + Self.pages {
                if let amount = memory[field] { pass.add(metric, amount) }
            }
            for (field, state) in [(MemoryField.slabReclaimable, "reclaimable"), (.slabUnreclaimable, "unreclaimable")]
            {
                guard let bytes = memory[field] else { continue }
                pass.add(Self.slab, bytes, [MetricAttribute("system.memory.linux.slab.state", state)])
            }
            if let total = memory[.hugeTotal], let free = memory[.hugeFree] {
                let key = "system.memory.linux.hugepages.state"
                pass.add(Self.hugePagesLimit, total)
                pass.add(Self.hugePages, max(0, total - free), [MetricAttribute(key, "used")])
                pass.add(Self.hugePages, free, [MetricAttribute(key, "free")])
            }
            if let size = memory[.hugeSize] { pass.add(Self.hugePageSize, size) }
        }
    }
}

/// The fields of /proc/meminfo that are looked at, by the kernel's names.
enum MemoryField: String, CaseIterable {
    case total = "MemTotal"
    case free = "MemFree"
    case available = "MemAvailable"
    case buffers = "Buffers"
    case cached = "Cached"
    case swapCached = "SwapCached"
    case active = "Active"
    case inactive = "Inactive"
    case unevictable = "Unevictable"
    case locked = "Mlocked"
    case swapTotal = "SwapTotal"
    case swapFree = "SwapFree"
    case dirty = "Dirty"
    case writeback = "Writeback"
    case anonymous = "AnonPages"
    case mapped = "Mapped"
    case shared = "Shmem"
    case slabReclaimable = "SReclaimable"
    case slabUnreclaimable = "SUnreclaim"
    case kernelStack = "KernelStack"
    case pageTables = "PageTables"
    case commitLimit = "CommitLimit"
    case committed = "Committed_AS"
    case perCPU = "Percpu"
    case corrupted = "HardwareCorrupted"
    case anonymousHuge = "AnonHugePages"
    case hugeTotal = "HugePages_Total"
    case hugeFree = "HugePages_Free"
    case hugeReserved = "HugePages_Rsvd"
    case hugeSurplus = "HugePages_Surp"
    case hugeSize = "Hugepagesize"
    case activeAnonymous = "Active(anon)"
    case inactiveAnonymous = "Inactive(anon)"
    case activeFile = "Active(file)"
    case inactiveFile = "Inactive(file)"
    case reclaimable = "KReclaimable"
    case secondaryPageTables = "SecPageTables"
    case unstable = "NFS_Unstable"
    case bounce = "Bounce"
    case writebackTemporary = "WritebackTmp"
    case sharedHuge = "ShmemHugePages"
    case sharedHugeMapped = "ShmemPmdMapped"
    case fileHuge = "FileHugePages"
    case fileHugeMapped = "FilePmdMapped"
    case hugeAll = "Hugetlb"
    case balloon = "Balloon"
    case zswap = "Zswap"
    case zswapped = "Zswapped"
    case vmallocTotal = "VmallocTotal"
    case vmallocUsed = "VmallocUsed"
    case vmallocChunk = "VmallocChunk"
    case directMap4k = "DirectMap4k"
    case directMap2M = "DirectMap2M"
    case directMap1G = "DirectMap1G"

    static let byName = Dictionary(uniqueKeysWithValues: allCases.map { (Array($0.rawValue.utf8), $0) })
}

/// Amounts of /proc/meminfo (and of a NUMA node's), in bytes where the kernel says kB and in pages where it says
/// nothing.
struct MemoryInfo: Equatable {
    private(set) var amounts: [MemoryField: Int64] = [:]

    subscript(field: MemoryField) -> Int64? { amounts[field] }

    /// By the conventions' states. Kernels before 3.14 have no MemAvailable: there what is in caches counts as free.
    var states: [(state: String, bytes: Int64)] {
        let total = amounts[.total] ?? 0
        let free = amounts[.free] ?? 0
        let buffers = amounts[.buffers] ?? 0
        let cached = amounts[.cached] ?? 0
        let unused = amounts[.available] ?? free + buffers + cached
        return [
            ("used", max(0, total - unused)), ("free", free), ("buffers", buffers), ("cached", cached),
        ]
    }

    static func parse(_ text: SourceText) throws(MetricSourceError) -> MemoryInfo {
        var info = MemoryInfo()
        var cursor = LineCursor(text)
        while try cursor.nextLine() {
            guard let name = cursor.field(upTo: UInt8(ascii: ":")) else { throw cursor.failure("a name and a colon") }
            try info.take(name, &cursor)
        }
        for field in [MemoryField.total, .free, .buffers, .cached] where info[field] == nil {
            throw text.failure("a line \(field.rawValue)")
        }
        return info
    }

    /// Takes the amount behind a name.
    mutating func take(_ name: Range<Int>, _ cursor: inout LineCursor) throws(MetricSourceError) {
        guard let field = MemoryField.byName[cursor.bytes(name)] else { return }
        var amount = try cursor.count("an amount")
        if let unit = cursor.field() {
            guard cursor.matches(unit, "kB") else { throw cursor.failure("the unit kB") }
            guard amount < 1 << 50 else { throw cursor.failure("an amount that is possible") }
            amount *= 1024
        }
        amounts[field] = amount
    }
}
