import FileAccess
import Logging
import Primitives
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import AgentCore
@testable import KafkaClient

/// The agent's lives on a simulated disk, against a cluster that remembers its producers: whenever a life ends, and whatever
/// of the state directory survives, each line is in the cluster once and in order.
@Suite(.timeLimit(.minutes(5)))
struct CrashTests {
    /// A host whose disk may crash.
    final class Host: Sendable {
        let disk = SimulatedFileSystem()
        let cluster = SimulatedCluster()
        let waitsForJournal: Bool
        let configuration: AgentConfiguration
        private let written = Mutex<[String: Int]>([:])

        init(waitsForJournal: Bool = true) throws {
            self.waitsForJournal = waitsForJournal
            var configuration = AgentConfiguration(
                hostName: "h", sources: [.file(FileSource(name: "s", topic: "t", include: ["/simulated-logs/*.log"]))])
            configuration.stateDirectory = "/state"
            configuration.collector.compression = .none
            configuration.collector.batchBytes = 1024
            self.configuration = configuration
            try disk.createDirectories("/simulated-logs")
            disk.time = SystemWallClock().now()
        }

        /// The writers' lines are safe: what is tested is the agent.
        func append(_ count: Int, to name: String) throws {
            let path = FilePath("/simulated-logs").appending(name)
            let file = try disk.open(path, .create)
            let first = written.withLock { written in
                defer { written[name, default: 0] += count }
                return written[name, default: 0]
            }
            let text = (first..<first + count).map { "\(name) \($0) \(String(repeating: "x", count: $0 % 40))\n" }
            let bytes = Array(text.joined().utf8)
            let end = try file.status().size
            try file.write(bytes.rawBytes, at: end)
            try file.synchronizeData()
            try disk.synchronizeDirectory("/simulated-logs")
        }

        func rotate(_ name: String) throws {
            let path = FilePath("/simulated-logs").appending(name)
            try disk.rename(path, to: FilePath("\(path).1"))
            try disk.synchronizeDirectory("/simulated-logs")
        }

        /// One life of an agent, to its end or to the disk's.
        ///
        /// - Parameter answers: whether the answer to the n-th batch is heard; it is stopped where one is not.
        func live(patience: Duration = .milliseconds(20), answers: @escaping @Sendable (Int) -> Bool = { _ in true }) {
            let inbox = Inbox<PipelineMessage>()
            let hears: @Sendable (Int) -> Bool = { number in
                if answers(number) { return true }
                inbox.put(.stop)
                return false
            }
            inbox.put(.topic("t", partitions: 2))
            let ended = BlockingQueue<Void>()
            DedicatedThread.start("pipeline") { [self] in
                let pipeline = try? Pipeline(
                    configuration, inbox: inbox, fileSystem: disk, clock: SystemWallClock(),
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, once: true,
                    stopPatience: patience
                ) { resumption, journal in
                    JournaledShipper(
                        resumption, cluster, journal, inbox, waitsForJournal: waitsForJournal, answers: hears)
                }
                pipeline?.run()
                if let pipeline { #expect(pipeline.ledger.violations == 0) }
                ended.put(())
            }
            let deadline = ContinuousClock.now + .seconds(5)
            while ContinuousClock.now < deadline {
                if ended.takeAll(timeout: .milliseconds(2))?.isEmpty == false { return }
                if disk.hasStopped { inbox.put(.stop) }
            }
            inbox.put(.stop)
            Issue.record("a life did not come to its end")
            _ = ended.takeAll(timeout: .seconds(15))
        }

        /// What is wrong with what the cluster has.
        func problems() -> [String] {
            var problems = cluster.violations
            let lines = cluster.lines(of: "t")
            for (name, count) in written.withLock({ $0 }) {
                let numbers = lines.filter { $0.hasPrefix(name + " ") }.map { $0.split(separator: " ")[1] }
                if numbers != (0..<count).map({ Substring("\($0)") }) {
                    problems.append("\(name): \(count) lines, and in the cluster: \(numbers.joined(separator: ","))")
                }
            }
            return problems
        }
    }

    /// A life that ends in the n-th operation on the disk, and one that goes on.
    ///
    /// - Returns: nil where the first came to its end before.
    private func problems(
        afterStopAt number: Int, _ crash: SimulatedFileSystem.Crash, midway: Bool, waitsForJournal: Bool = true,
        answers: @escaping @Sendable (Int) -> Bool = { $0 < 5 }
    ) throws -> [String]? {
        let host = try Host(waitsForJournal: waitsForJournal)
        try host.append(60, to: "a.log")
        try host.append(40, to: "b.log")
        host.live { $0 < 3 }
        host.disk.restart(after: .kill)
        try host.append(30, to: "a.log")
        try host.rotate("a.log")
        let before = host.disk.operationCount
        host.disk.stop(atOperation: before + number, midway: midway, seed: UInt64(number))
        host.live(answers: answers)
        let hasStopped = host.disk.hasStopped
        host.disk.restart(after: crash, seed: UInt64(number))
        try host.append(20, to: "b.log")
        host.live()
        host.disk.restart(after: crash, seed: UInt64(number) + 1)
        host.live()
        return hasStopped ? host.problems() : nil
    }

    @Test(arguments: SimulatedFileSystem.Crash.allCases, [false, true])
    func `whichever operation is the last, each line is there once and in order`(
        crash: SimulatedFileSystem.Crash, midway: Bool
    ) throws {
        for number in 1... {
            guard let problems = try problems(afterStopAt: number, crash, midway: midway) else {
                #expect(number > 10)
                return
            }
            #expect(problems == [], "stopped at operation \(number)")
            if !problems.isEmpty || number > 400 { return }
        }
    }

    @Test func `the judge notices an agent that sends before its journal is synced`() throws {
        var found = 0
        for number in 1...40 {
            guard
                let problems = try problems(afterStopAt: number, .powerLoss, midway: false, waitsForJournal: false)
            else { break }
            found += problems.count
        }
        #expect(found > 0)
    }
}
