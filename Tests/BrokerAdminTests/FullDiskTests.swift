import BrokerCore
import BrokerTestSupport
import FileAccess
import KafkaProtocol
import Primitives
import SystemPackage
import TestSupport
import Testing

@Suite struct FullDiskTests {
    private let value = String(repeating: "x", count: 50_000)

    @Test(arguments: [Int64(0), 300_000])
    func `a full disk refuses producers, not consumers, and heals by retention`(minimumFree: Int64) throws {
        let files = SimulatedFileSystem()
        files.capacity = 1 << 20
        let bench = try AdminBench(files) { $0.minimumFreeBytes = minimumFree }
        bench.broker.startMaintenance()
        try bench.create("t", [("segment.bytes", "120000")])
        var stored: Int64 = 0
        var refused: ProduceResponse.Partition?
        while refused == nil && stored < 100 {
            let answer = try bench.produce(value, to: "t", time: bench.clock.now().milliseconds)
            if answer.errorCode == .none { stored += 1 } else { refused = answer }
        }
        #expect(refused?.errorCode == .kafkaStorageError)
        #expect(stored >= 10)
        let free = Int64(try files.space(at: "/data").available)
        #expect(free >= minimumFree && free < minimumFree + 60_000)

        for offset in 0..<stored { #expect(try bench.fetch("t", from: offset).errorCode == .none) }
        #expect(try bench.fetch("t").highWatermark == Offset(stored), "nothing half written is shown")

        #expect(try bench.change("t", "retention.bytes", to: "200000").errorCode == .none)
        try blockUntil("there is room again") {
            bench.clock.advance(milliseconds: 1000)
            bench.scheduler.runAll()
            return try bench.produce(value, to: "t").errorCode == .none
        }
        #expect(try bench.fetch("t", from: stored).errorCode == .none)
        bench.broker.stop()
    }

    @Test func `a disk without a byte left is freed even where the segment that is written to is too old as well`()
        throws
    {
        let files = SimulatedFileSystem()
        files.capacity = 1 << 19
        let bench = try AdminBench(files) { $0.minimumFreeBytes = 0 }
        bench.broker.startMaintenance()
        try bench.create("t", [("segment.bytes", "120000"), ("retention.ms", "5000")])
        while try bench.produce(value, to: "t", time: bench.clock.now().milliseconds).errorCode == .none {}
        files.capacity -= Int64(try files.space(at: "/data").available)
        bench.clock.advance(milliseconds: 10_000)
        try blockUntil("there is room again") {
            bench.scheduler.runAll()
            return try bench.produce(value, to: "t", time: bench.clock.now().milliseconds).errorCode == .none
        }
        bench.broker.stop()
    }

    @Test func `the free space is asked for once a second at the most`() throws {
        let files = SimulatedFileSystem()
        let bench = try AdminBench(files) { $0.minimumFreeBytes = 1 << 20 }
        try bench.create("t")
        #expect(try bench.produce("a", to: "t").errorCode == .none)
        // What is gone meanwhile is seen a second later, not before.
        files.capacity = 1 << 19
        #expect(try bench.produce("a", to: "t").errorCode == .none)
        bench.clock.advance(milliseconds: 1000)
        #expect(try bench.produce("a", to: "t").errorCode == .kafkaStorageError)
        files.capacity = 1 << 30
        bench.clock.advance(milliseconds: 1000)
        #expect(try bench.produce("a", to: "t").errorCode == .none)
        bench.broker.stop()
    }
}
