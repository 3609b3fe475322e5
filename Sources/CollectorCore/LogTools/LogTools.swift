internal import BrokerCore
internal import CommitLog
package import FileAccess
package import SystemPackage

/// What `tributary-collector inspect`, `verify` and `repair` do, without a terminal.
package struct LogTools {
    private let target: LogTarget
    private let fileSystem: any FileSystem
    private let print: (String) -> Void

    /// - Parameters:
    ///   - path: a collector's data directory, or one partition's.
    ///   - print: takes each line of the result.
    package init(
        _ path: FilePath, fileSystem: any FileSystem = PosixFileSystem(), print: @escaping (String) -> Void
    ) throws(LogToolError) {
        target = try LogTarget(path, fileSystem: fileSystem)
        self.fileSystem = fileSystem
        self.print = print
    }

    /// Prints all that there is. A collector may run meanwhile.
    package func inspect(json: Bool) throws(LogToolError) {
        for partition in target.partitions {
            let name = partition.lastComponent?.string ?? ""
            try readingFiles { () throws(LogError) in
                let inspection = try PartitionInspection(partition, fileSystem: fileSystem) { item in
                    print(json ? item.json(partition: name) : item.line)
                }
                try inspection.run()
            }
        }
    }

    /// Checks everything, and prints each problem and a summary.
    ///
    /// - Returns: whether all is well.
    package func verify(progress: (@escaping (_ done: Int64, _ total: Int64) -> Void)) throws(LogToolError) -> Bool {
        let isLive = try target.takeLock() == nil
        if isLive { print("a collector is running: the ends of its logs, where it writes, are left out") }
        var total: Int64 = 0
        for partition in target.partitions {
            total += try readingFiles { () throws(LogError) in
                try PartitionFiles(partition, fileSystem: fileSystem).logBytes(fileSystem)
            }
        }
        var sum = PartitionVerification.Summary()
        var done: Int64 = 0
        for partition in target.partitions {
            let summary = try readingFiles { () throws(LogError) in
                var verification = try PartitionVerification(
                    partition, fileSystem: fileSystem, isLive: isLive,
                    progress: { bytes in
                        done += bytes
                        progress(done, total)
                    }, tell: { print("\($0)") })
                return try verification.run()
            }
            sum.segments += summary.segments
            sum.batches += summary.batches
            sum.records += summary.records
            sum.bytes += summary.bytes
            sum.problems += summary.problems
        }
        if !isLive { sum.problems += checkRegistry() }
        print(
            "\(sum.problems == 0 ? "all is well" : counted(Int64(sum.problems), "problem")): "
                + "\(counted(Int64(target.partitions.count), "partition")), "
                + "\(counted(Int64(sum.segments), "segment")), \(counted(sum.batches, "batch", "batches")), "
                + "\(counted(sum.records, "record")), \(sum.bytes) bytes")
        return sum.problems == 0
    }

    /// - Returns: how many problems there are.
    private func checkRegistry() -> Int {
        guard let directory = target.dataDirectory else { return 0 }
        let problems = topicRegistryProblems(
            in: directory, partitions: target.partitions.compactMap { $0.lastComponent?.string },
            fileSystem: fileSystem)
        for problem in problems { print("topic-registry: \(problem)") }
        return problems.count
    }

    /// Repairs what is damaged, and prints each step before it is taken.
    ///
    /// - Returns: whether all is well afterwards; in a dry run, whether it would be.
    package func repair(
        dryRun: Bool, progress: @escaping (_ done: Int64, _ total: Int64) -> Void
    ) throws(LogToolError) -> Bool {
        guard let lock = try target.takeLock() else {
            throw LogToolError(description: "a collector is running on this directory; stop it first")
        }
        // Held until the end.
        return try withExtendedLifetime(lock) { () throws(LogToolError) in
            var left = 0
            var problems = 0
            for partition in target.partitions {
                let outcome = try readingFiles { () throws(LogError) in
                    let total = try PartitionFiles(partition, fileSystem: fileSystem).logBytes(fileSystem)
                    var done: Int64 = 0
                    let repair = PartitionRepair(
                        partition, fileSystem: fileSystem, dryRun: dryRun,
                        progress: { bytes in
                            done += bytes
                            // What was repaired is read twice.
                            progress(min(done, total), total)
                        }, say: { print((dryRun ? "would " : "") + $0) })
                    return try repair.run()
                }
                left += outcome.left
                problems += outcome.problems
            }
            let end = left == 0 ? "" : "; \(left) cannot be repaired, and are left as they are"
            print("\(problems == 0 ? "nothing to repair" : counted(Int64(problems), "problem"))\(end)")
            return left == 0
        }
    }

    private func readingFiles<Result>(_ body: () throws(LogError) -> Result) throws(LogToolError) -> Result {
        do throws(LogError) {
            return try body()
        } catch {
            throw LogToolError(description: "\(error)")
        }
    }
}

private func counted(_ count: Int64, _ one: String, _ many: String? = nil) -> String {
    "\(count) \(count == 1 ? one : many ?? one + "s")"
}
