internal import FileAccess
internal import Primitives
internal import SystemPackage

/// One round through the collectors: where they read from and write to.
struct SamplingPass {
    let timestamp: Timestamp
    /// By a clock that is never set.
    let instant: ContinuousClock.Instant
    let kernel: any KernelTime
    /// When the host booted, where that is known.
    let boot: Timestamp?
    let fileSystem: any FileSystem
    var reader: SourceReader
    private(set) var points: [MetricPoint] = []
    private(set) var errors: [MetricSourceError] = []
    private var shared: [String: SourceText] = [:]

    init(
        at timestamp: Timestamp, _ instant: ContinuousClock.Instant, _ kernel: any KernelTime, boot: Timestamp?,
        _ fileSystem: any FileSystem, _ reader: SourceReader, expecting count: Int
    ) {
        self.timestamp = timestamp
        self.instant = instant
        self.kernel = kernel
        self.boot = boot
        self.fileSystem = fileSystem
        self.reader = reader
        points.reserveCapacity(count)
    }

    mutating func add(_ metric: Metric, _ value: Int64, _ attributes: [MetricAttribute] = []) {
        points.append(MetricPoint(metric, .integer(value), attributes, at: timestamp))
    }

    mutating func add(_ metric: Metric, _ value: Double, _ attributes: [MetricAttribute] = []) {
        points.append(MetricPoint(metric, .double(value), attributes, at: timestamp))
    }

    /// Adds a counter of which is known from when it counts.
    mutating func add(
        _ metric: Metric, _ value: MetricValue, _ attributes: [MetricAttribute], countedFrom start: Timestamp?
    ) {
        var point = MetricPoint(metric, value, attributes, at: timestamp)
        point.start = start
        points.append(point)
    }

    mutating func report(_ error: MetricSourceError?) {
        if let error { errors.append(error) }
    }

    /// Runs a part that may fail without taking the rest along.
    mutating func attempt(_ body: (inout SamplingPass) throws(MetricSourceError) -> Void) {
        do throws(MetricSourceError) {
            try body(&self)
        } catch {
            errors.append(error)
        }
    }

    mutating func read(_ path: String) throws(MetricSourceError) -> SourceText { try reader.read(path) }

    /// As `read`; nil where the kernel or the machine has no such thing, which is no error.
    mutating func readIfPresent(_ path: String) throws(MetricSourceError) -> SourceText? {
        do throws(MetricSourceError) {
            return try reader.read(path)
        } catch {
            if error.isAbsence { return nil }
            throw error
        }
    }

    /// Reads a file of the host's first process where another root is given: what hangs on "self" there would be the
    /// container's own (network namespace, mounts).
    ///
    /// - Parameter path: below /proc/<pid>, such as `net/dev`.
    mutating func readOfHost(_ path: String) throws(MetricSourceError) -> SourceText {
        if reader.root != "/", let text = try readIfPresent("proc/1/\(path)") { return text }
        return try reader.read("proc/self/\(path)")
    }

    /// As `readOfHost`; nil where the kernel has no such thing.
    mutating func readOfHostIfPresent(_ path: String) throws(MetricSourceError) -> SourceText? {
        if reader.root != "/", let text = try readIfPresent("proc/1/\(path)") { return text }
        return try readIfPresent("proc/self/\(path)")
    }

    /// Reads a file that several collectors look at, once in a pass.
    mutating func readShared(_ path: String) throws(MetricSourceError) -> SourceText {
        if let text = shared[path] { return text }
        let text = try reader.read(path)
        // A copy: the reader's buffer is about to be used for the next file.
        let copy = SourceText(Array(text.bytes[..<text.count]), path: text.path)
        shared[path] = copy
        return copy
    }

    /// The names in a directory, sorted; none where it is not there. A failure is reported.
    mutating func entries(_ path: String) -> [String] {
        names(path) { _ in true }
    }

    /// The names of the directories in a directory, sorted.
    mutating func directories(_ path: String) -> [String] {
        names(path) { $0.kind == .directory }
    }

    func exists(_ path: String) -> Bool {
        (try? fileSystem.exists(reader.path(path))) ?? false
    }

    private mutating func names(_ path: String, _ isWanted: (DirectoryEntry) -> Bool) -> [String] {
        do throws(MetricSourceError) {
            return try reader.list(path, isWanted)
        } catch {
            if !error.isAbsence { report(error) }
            return []
        }
    }

    /// Ends one collector's turn.
    mutating func takeErrors() -> [MetricSourceError] {
        defer { errors.removeAll() }
        return errors
    }

    mutating func takePoints() -> [MetricPoint] {
        let taken = points
        points = []
        return taken
    }
}
