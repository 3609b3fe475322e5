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
@Suite(.timeLimit(.minutes(10)))
struct CrashTests {
    /// A host whose disk may crash.
    final class Host: Sendable {
        let disk = SimulatedFileSystem()
        let cluster: SimulatedCluster
        let waitsForJournal: Bool
        private let configurations: Mutex<AgentConfiguration>
        private let written = Mutex<[String: Int]>([:])

        init(waitsForJournal: Bool = true, refuses: @escaping @Sendable (String) -> Bool = { _ in false }) throws {
            self.waitsForJournal = waitsForJournal
            cluster = SimulatedCluster(refuses: refuses)
            var configuration = AgentConfiguration(
                hostName: "h", sources: [.file(FileSource(name: "s", topic: "t", include: ["/simulated-logs/*.log"]))])
            configuration.stateDirectory = "/state"
            configuration.collector.compression = .none
            configuration.collector.batchBytes = 1024
            configurations = Mutex(configuration)
            try disk.createDirectories("/simulated-logs")
            disk.time = SystemWallClock().now()
        }

        func change(_ body: (inout AgentConfiguration) -> Void) { configurations.withLock { body(&$0) } }

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
            for topic in ["t", "u"] {
                if let count = cluster.partitionCount(of: topic) { inbox.put(.topic(topic, partitions: Int(count))) }
            }
            let ended = BlockingQueue<Void>()
            let configuration = configurations.withLock { $0 }
            DedicatedThread.start("pipeline") { [self] in
                let pipeline = try? Pipeline(
                    configuration, inbox: inbox, fileSystem: disk, clock: SystemWallClock(),
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, once: true,
                    stopPatience: patience
                ) { resumption, journal in
                    JournaledShipper(
                        resumption, cluster, journal, inbox, waitsForJournal: waitsForJournal, answers: hears)
                }
                do { try pipeline?.run() } catch { Issue.record("\(error)") }
                if let pipeline { #expect(pipeline.ledger.violations == 0) }
                ended.put(())
            }
            var time = Patience()
            while ended.takeAll(timeout: .milliseconds(2))?.isEmpty == true {
                if disk.hasStopped { inbox.put(.stop) }
                if !time.lasts() {
                    Issue.record("a life did not come to its end")
                    return inbox.put(.stop)
                }
            }
        }

        /// The lines of all dead letters.
        var deadLetters: [String] {
            guard let files = try? DeadLetters.files(in: "/state/dead-letters", disk) else { return ["?"] }
            return files.flatMap { file in
                (try? disk.readWhole(file.path, limit: 1 << 20)).flatMap { SpoolEntry($0.rawBytes) }?.batch.lines ?? [
                    "?"
                ]
            }
        }

        /// What is wrong with what the cluster has, or the dead letters.
        func problems() -> [String] {
            var problems = cluster.violations
            let lines = cluster.lines(of: "t") + cluster.lines(of: "u")
            let before = cluster.acknowledgedInPlacesGone
            let letters = deadLetters
            for (name, count) in written.withLock({ $0 }) {
                func numbers(_ lines: [String]) -> [Int] {
                    lines.filter { $0.hasPrefix(name + " ") }.compactMap { Int($0.split(separator: " ")[1]) }
                }
                let (stored, refused) = (numbers(lines), numbers(letters))
                // What the agent had not noted yet as acknowledged, when it ended, is there once more.
                let earlier = numbers(before).filter { !stored.contains($0) }
                if stored != stored.sorted() || (earlier + stored + refused).sorted() != Array(0..<count) {
                    problems.append("\(name): \(count) lines, and in the cluster: \(stored), refused: \(refused)")
                }
            }
            return problems
        }
    }

    /// When the disk stops, and how.
    struct Stop: Sendable, CustomStringConvertible {
        /// In the agent's first life, or in the second, which begins with batches of the first that are open.
        var isInFirstLife: Bool
        var crash: SimulatedFileSystem.Crash
        var isMidway: Bool

        var description: String { "\(crash)\(isMidway ? " midway" : ""), \(isInFirstLife ? "first" : "second") life" }

        static let all = [true, false].flatMap { first in
            SimulatedFileSystem.Crash.allCases.flatMap { crash in
                [false, true].map { Stop(isInFirstLife: first, crash: crash, isMidway: $0) }
            }
        }
    }

    /// A life that ends in the n-th operation on the disk, and two that go on.
    ///
    /// - Returns: nil where it came to its end before.
    private func problems(afterStopAt number: Int, _ stop: Stop, waitsForJournal: Bool = true) throws -> [String]? {
        let host = try Host(waitsForJournal: waitsForJournal)
        try host.append(150, to: "a.log")
        try host.append(90, to: "b.log")
        if !stop.isInFirstLife {
            host.live { $0 < 3 }
            host.disk.restart(after: .kill)
            try host.append(30, to: "a.log")
            try host.rotate("a.log")
            try host.append(70, to: "b.log")
        }
        let before = host.disk.operationCount
        host.disk.stop(atOperation: before + number, midway: stop.isMidway, seed: UInt64(number))
        host.live { $0 < 9 }
        let hasStopped = host.disk.hasStopped
        host.disk.restart(after: stop.crash, seed: UInt64(number))
        try host.append(20, to: "b.log")
        host.live()
        host.disk.restart(after: stop.crash, seed: UInt64(number) + 1)
        host.live()
        return hasStopped ? host.problems() : nil
    }

    @Test(arguments: Stop.all)
    func `whichever operation is the last, each line is there once and in order`(stop: Stop) throws {
        for number in 1...200 {
            guard let problems = try problems(afterStopAt: number, stop) else {
                #expect(number > 7)
                return
            }
            #expect(problems == [], "stopped at operation \(number)")
            if !problems.isEmpty { return }
        }
        Issue.record("the life does not come to its end")
    }

    @Test(arguments: Stop.all.filter(\.isInFirstLife))
    func `whichever operation is the last, what is refused is a dead letter once, and all else is stored once`(
        stop: Stop
    ) throws {
        for number in 1...100 {
            let host = try Host { $0.hasPrefix("a.log 7 ") || $0.hasPrefix("a.log 90 ") }
            try host.append(100, to: "a.log")
            host.disk.stop(atOperation: host.disk.operationCount + number, midway: stop.isMidway, seed: UInt64(number))
            host.live()
            let hasStopped = host.disk.hasStopped
            host.disk.restart(after: stop.crash, seed: UInt64(number))
            host.live()
            let problems = host.problems()
            #expect(problems == [], "stopped at operation \(number)")
            if !problems.isEmpty { return }
            if !hasStopped {
                #expect(number > 20 && host.deadLetters.contains { $0.hasPrefix("a.log 7 ") })
                return
            }
        }
        Issue.record("the life does not come to its end")
    }

    /// Why lines that are under way have another place.
    enum Change: CaseIterable {
        /// The source has another topic; what it had is there.
        case topic
        /// And what it had is deleted.
        case deletedTopic
        /// The topic was made anew, with fewer partitions.
        case fewerPartitions

        func apply(to host: Host) {
            switch self {
            case .topic, .deletedTopic:
                if self == .deletedTopic { host.cluster.remake("t", partitions: nil) }
                host.change { configuration in
                    let source = FileSource(name: "s", topic: "u", include: ["/simulated-logs/*.log"])
                    configuration.sources = [.file(source)]
                }
            case .fewerPartitions: host.cluster.remake("t", partitions: 1)
            }
        }
    }

    /// The mildest and the worst end; what lies between is tested above.
    private static let ends = [
        Stop(isInFirstLife: false, crash: .kill, isMidway: false),
        Stop(isInFirstLife: false, crash: .powerLoss, isMidway: true),
    ]

    @Test(arguments: Change.allCases, ends)
    func `whichever operation is the last, a route that changes with batches open loses and doubles nothing`(
        change: Change, stop: Stop
    ) throws {
        for number in 1...200 {
            let host = try Host()
            let files = ["a.log", "b.log", "c.log", "d.log"]
            for name in files { try host.append(60, to: name) }
            host.live { $0 < 3 }
            host.disk.restart(after: .kill)
            let isOpen = !host.cluster.logs.isEmpty
            change.apply(to: host)
            for name in files { try host.append(20, to: name) }
            try host.rotate("a.log")
            host.disk.stop(atOperation: host.disk.operationCount + number, midway: stop.isMidway, seed: UInt64(number))
            host.live { $0 < 9 }
            let hasStopped = host.disk.hasStopped
            host.disk.restart(after: stop.crash, seed: UInt64(number))
            try host.append(10, to: "b.log")
            host.live()
            host.disk.restart(after: stop.crash, seed: UInt64(number) + 1)
            host.live()
            let problems = host.problems()
            #expect(problems == [] && isOpen, "stopped at operation \(number)")
            if !problems.isEmpty { return }
            if !hasStopped {
                #expect(number > 7)
                return
            }
        }
        Issue.record("the life does not come to its end")
    }

    @Test func `the judge notices an agent that sends before its journal is synced`() throws {
        var found = 0
        for number in 1...40 {
            let stop = Stop(isInFirstLife: true, crash: .powerLoss, isMidway: false)
            guard let problems = try problems(afterStopAt: number, stop, waitsForJournal: false) else { break }
            found += problems.count
        }
        #expect(found > 0)
    }
}
