internal import FileAccess
internal import Primitives
internal import SystemPackage

/// One round through the collectors: where they read from and write to.
struct SamplingPass {
    let timestamp: Timestamp
    let fileSystem: any FileSystem
    var reader: SourceReader
    private(set) var points: [MetricPoint] = []
    private(set) var errors: [MetricSourceError] = []

    init(at timestamp: Timestamp, _ fileSystem: any FileSystem, _ reader: SourceReader, expecting count: Int) {
        self.timestamp = timestamp
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
