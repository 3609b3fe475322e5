import FileAccess
import Glibc
import HostMetrics
import Primitives
import SystemPackage
import TestSupport

/// The fixtures in the source tree, so that UPDATE_GOLDEN=1 writes where they are kept.
let fixtures = FilePath(#filePath).removingLastComponent().appending("Fixtures")

struct FixedClock: WallClock {
    func now() -> Timestamp { Timestamp(milliseconds: 1_795_263_231_000) }
}

/// A host that booted an hour before `FixedClock`, and whose clock is kept by another.
struct FixedKernelTime: KernelTime {
    var failure: Errno?

    func bootTime() -> Timestamp? { Timestamp(milliseconds: 1_795_259_631_000) }

    func machine() -> String? { "x86_64" }

    func discipline() throws(Errno) -> ClockDiscipline {
        if let failure { throw failure }
        var discipline = ClockDiscipline(
            state: 0, status: 0x2001, offset: -1_234_567, frequency: -1_114_112, maximumError: 53_000,
            estimatedError: 720, timeConstant: 7, tick: 10_000, taiOffset: 37)
        discipline.pulse.frequency = -131_072
        discipline.pulse.jitter = 512
        discipline.pulse.shift = 8
        discipline.pulse.calibrations = 90
        return discipline
    }
}

/// A machine of the fixtures.
struct FixtureHost {
    let root: FilePath
    let files: FixtureFileSystem
    var configuration = HostMetricsConfiguration()
    var kernel = FixedKernelTime()

    init(
        _ name: String, beforeSpace: @escaping @Sendable (FilePath) -> Void = { _ in },
        beforeOpen: @escaping @Sendable (FilePath) -> Void = { _ in }
    ) {
        root = fixtures.appending(name)
        files = FixtureFileSystem(beforeSpace: beforeSpace, beforeOpen: beforeOpen)
        configuration.rootPath = root
        configuration.reportsItself = false
        // However busy the machine is.
        configuration.filesystems.deadline = .seconds(120)
        configuration.interfaces.deadline = .seconds(120)
        // A machine of the fixtures has no bus.
        configuration.systemd.asksBus = false
        for mount in [
            "", "mnt/with a blank\\", "mnt/nfs", "mnt/sandboxing/model_tools_env/v1/python", "boot", "home", "run",
            "etc/hosts", "etc/hostname",
        ] {
            files.set(
                spaceAt: mount.isEmpty ? root : root.appending(mount),
                to: FileSystemSpace(
                    capacity: 64 << 30, available: 20 << 30, free: 24 << 30, inodes: 4_194_304, freeInodes: 4_000_000))
        }
    }

    func sampler(_ collectors: Set<CollectorKind>? = nil) -> HostSampler {
        var configuration = configuration
        if let collectors { configuration.collectors = collectors }
        return HostSampler(configuration, fileSystem: files, clock: FixedClock(), kernel: kernel)
    }

    func sample(_ collectors: CollectorKind...) -> SampleResult {
        var sampler = sampler(Set(collectors))
        return sampler.sample()
    }

    /// A stream of this machine's samples.
    func stream(
        _ collectors: Set<CollectorKind>, _ change: (inout MetricStreamConfiguration) -> Void = { _ in }
    ) -> MetricStream {
        var stream = MetricStreamConfiguration()
        stream.host = configuration
        stream.host.collectors = collectors
        change(&stream)
        return MetricStream(stream, hostName: "web-1", fileSystem: files, clock: FixedClock(), kernel: kernel)
    }

    func path(_ path: String) -> FilePath { root.appending(path) }

    func set(_ path: String, to text: String) { files.set(self.path(path), to: .content(Array(text.utf8))) }

    /// The files that a collector opens and that exist.
    func sources(of collector: CollectorKind) -> [FilePath] {
        _ = sample(collector)
        return files.filesRead.filter { (try? PosixFileSystem().exists($0)) == true }.sorted { $0.string < $1.string }
    }
}

extension FixtureHost {
    /// Of the files that differ by their place only, one; and none that hold a word, which cannot be seen to be cut.
    func numericSources(of collector: CollectorKind) -> [FilePath] {
        var names: Set<String> = []
        return sources(of: collector).filter { source in
            let name = source.lastComponent?.string ?? ""
            let isWord = ["name", "type", "status", "state"].contains(name) || name.hasSuffix("_label")
            let isProcess = source.removingLastComponent().lastComponent.map { Int($0.string) != nil } ?? false
            return !isWord && names.insert(isProcess ? "process \(name)" : name).inserted
        }
    }
}

extension SampleResult {
    /// The value of the one point with this name that has all these attributes.
    func value(_ name: String, _ attributes: MetricAttribute...) -> Double? {
        let found = points(name, attributes)
        return found.count == 1 ? found[0].value.asDouble : nil
    }

    func points(_ name: String, _ attributes: [MetricAttribute] = []) -> [MetricPoint] {
        points.filter { point in
            point.name == name && attributes.allSatisfy { point.attributes.contains($0) }
        }
    }

    func points(named name: String) -> [MetricPoint] { points(name) }

    var errors: [MetricSourceError] { collectors.flatMap(\.errors) }

    /// What the points say, to compare quickly.
    var facts: Set<Fact> {
        Set(points.map { Fact(metric: ObjectIdentifier($0.metric), value: $0.value, attributes: $0.attributes) })
    }

    struct Fact: Hashable {
        var metric: ObjectIdentifier
        var value: MetricValue
        var attributes: [MetricAttribute]
    }

    private var records: [[UInt8]] {
        var encoder = JSONPointEncoder(host: nil)
        var records: [[UInt8]] = []
        _ = encoder.encode(points, into: &records)
        return records
    }

    var lines: String {
        records.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined()
    }
}

extension MetricValue {
    var asDouble: Double {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        }
    }
}

func bytes(of path: FilePath) throws -> [UInt8] { try PosixFileSystem().readWhole(path) }

/// Compares with a golden file, or writes it where UPDATE_GOLDEN=1 is set.
func matchesGolden(_ text: String, _ name: String) throws -> Bool {
    try matches(text, fixtures.appending("golden").appending(name))
}

func matches(_ text: String, _ path: FilePath) throws -> Bool {
    if getenv("UPDATE_GOLDEN").map({ String(cString: $0) }) == "1" {
        try PosixFileSystem().createDirectories(path.removingLastComponent())
        let bytes = Array(text.utf8)
        try PosixFileSystem().replace(path, with: bytes.span.bytes)
    }
    return try String(decoding: bytes(of: path), as: UTF8.self) == text
}
