import CommitLog
import FileAccess
import Glibc
import Primitives
import RecordBatches
import SystemPackage
import Testing

/// Logs of the sizes that the collector is meant for, in sparse files under /tmp, with figures printed: they are a
/// measurement, run with `LARGE_LOGS=1`.
@Suite(.enabled(if: LargeLog.isWanted), .serialized) struct LargeLogTests {
    @Test(arguments: [2, 10_240]) func `a log of sparse segments answers at both ends and by time`(segments: Int) throws
    {
        let large = LargeLog(FilePath("/tmp/tributary-large-logs/big-\(segments)"))
        defer { large.remove() }
        try large.make(segments: segments, segmentBytes: 1 << 30)
        try time("\(segments) segments of 1 GiB: the first opening, without a manifest") {
            try large.open().log.close()
        }
        let opened = try time("\(segments) segments of 1 GiB: opening after a clean stop") { try large.open() }
        #expect(opened.report.isClean)
        let reader = opened.log.reader
        #expect(reader.view.bytes > Int64(segments - 1) << 30)
        for number in [0, segments / 2, segments - 1] {
            let first = Offset(Int64(number) * 2)
            let slice = try time("  a batch of segment \(number)") { try reader.slice(from: first, maxBytes: 1) }
            #expect(try slice?.batches().first?.header.baseOffset == first)
            let wanted = Timestamp(milliseconds: Int64(number) * 1000 - 500)
            let found = try time("  by time, in segment \(number)") { try reader.offset(atOrAfter: wanted) }
            #expect(found?.offset == first)
        }
        let largest = try time("  the largest time") { try reader.offsetOfMaxTimestamp() }
        #expect(largest?.offset == Offset(Int64(segments - 1) * 2))
    }

    @Test(arguments: [1, 10]) func `a thousand partitions with 100 GiB open`(segments: Int) throws {
        DescriptorLimit.raise()
        let all = (0..<1000).map { LargeLog(FilePath("/tmp/tributary-large-logs/logs-\($0)")) }
        defer { for large in all { large.remove() } }
        for large in all {
            // The last segment is the active one, which is checked when it was not closed: its length must be real.
            try large.make(segments: segments + 1, segmentBytes: (103 << 20) / Int64(segments))
            try large.open().log.close()
        }
        let opened = try time("1,000 partitions of \(segments + 1) segments, 100 GiB: opening after a clean stop") {
            try all.map { try $0.open() }
        }
        #expect(opened.allSatisfy { $0.report.isClean })
        #expect(opened.reduce(0) { $0 + $1.log.reader.view.bytes } >= 99 << 30)
    }
}

private func time<Result>(_ what: String, _ work: () throws -> Result) rethrows -> Result {
    let start = ContinuousClock.now
    let result = try work()
    print("\(what): \((ContinuousClock.now - start) / .milliseconds(1)) ms")
    return result
}

private struct LargeLog {
    static var isWanted: Bool { unsafe getenv("LARGE_LOGS") != nil }

    let directory: FilePath
    private let files = PosixFileSystem()

    init(_ directory: FilePath) { self.directory = directory }

    func open() throws(LogError) -> (log: PartitionLog, report: RecoveryReport) {
        var configuration = LogConfiguration()
        configuration.retentionMilliseconds = -1
        return try PartitionLog.open(directory, configuration: configuration, fileSystem: files)
    }

    /// Each segment has a batch of one record and one that is as long as the rest, of which only the header is there.
    func make(segments: Int, segmentBytes: Int64) throws {
        try files.createDirectories(directory)
        for number in 0..<segments {
            let base = Offset(Int64(number) * 2)
            let names = SegmentNames(directory: directory, baseOffset: base)
            let sealed = try batch(["record \(number)"], at: Int64(number) * 1000)
            var header = sealed.header
            header.baseOffset = base
            var bytes = header.encoded() + sealed.body
            let isFilled = number < segments - 1
            if isFilled {
                header.baseOffset = base + 1
                header.totalBytes = Int(segmentBytes) - bytes.count
                bytes += header.encoded()
            }
            let log = try files.open(names.log, .replace)
            try log.write(bytes.rawBytes, at: 0)
            if isFilled { try log.truncate(to: segmentBytes) }
            _ = try files.open(names.index, .replace)
            var entry: [UInt8] = []
            entry.appendBigEndian(Int64(number) * 1000)
            entry.appendBigEndian(Int32(0))
            try files.open(names.timeIndex, .replace).write(entry.rawBytes, at: 0)
        }
    }

    func remove() {
        for entry in (try? files.list(directory)) ?? [] { try? files.remove(directory.appending(entry.name)) }
        try? files.removeDirectory(directory)
        try? files.removeDirectory(directory.removingLastComponent())
    }
}
