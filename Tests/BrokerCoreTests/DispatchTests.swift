import BrokerTestSupport
import CommitLog
import KafkaProtocol
import NIOCore
import Primitives
import Testing

@testable import BrokerCore

@Suite(.timeLimit(.minutes(10)))
struct DispatchTests {
    @Test func `every request cut short, lengthened or damaged is closed with a reason or answered`() throws {
        let fixture = try BrokerFixture()
        try fixture.create("t")
        var frames: [[UInt8]] = []
        func add<Request: KafkaRequest>(_ request: Request) {
            for version in [Request.versions.lowerBound, Request.versions.upperBound] {
                frames.append(
                    Array(
                        unframed(request.frame(version: version, correlationID: 1, clientID: "c")).readableBytesView))
            }
        }
        add(produceRequest(try batch(), to: "t"))
        add(fetchRequest("t", from: 0))
        add(ListOffsetsRequest(topics: [.init(name: "t", partitions: [.init(index: 0, timestamp: .none)])]))
        add(MetadataRequest(topics: [.init(name: "t")]))
        add(FindCoordinatorRequest(keys: ["k"]))
        add(ApiVersionsRequest())
        add(CreateTopicsRequest(topics: [.init(name: "t")]))
        add(InitProducerIDRequest(transactionalID: nil, transactionTimeoutMilliseconds: 1))
        add(DescribeProducersRequest(topics: [.init(name: "t", partitions: [0])]))
        for frame in frames {
            for length in 0..<frame.count {
                guard case .close(let reason) = try fixture.send(Array(frame[..<length])) else {
                    Issue.record("a request cut at \(length) was answered")
                    continue
                }
                #expect(reason.contains("byte"))
            }
            guard case .close = try fixture.send(frame + [0]) else {
                Issue.record("a request with a byte behind it was answered")
                continue
            }
            for position in frame.indices {
                // Whatever it is: one reply, and no crash. Time stands still, so a fetch that waits is let go.
                let pending = Pending<ApiVersionsRequest>(version: 0)
                fixture.broker.handle(
                    ByteBuffer(bytes: frame.with { $0[position] ^= 0x81 }), from: fixture.client, reply: pending.put)
                fixture.scheduler.runAll()
                if case .close(let reason) = try pending.reply() { #expect(!reason.isEmpty) }
            }
        }
    }

    @Test func `unknown APIs and versions are closed with their name, but ApiVersions is always answered`() throws {
        let fixture = try BrokerFixture()
        for (key, version, name) in [(Int16(0), Int16(2), "PRODUCE"), (999, 0, "999"), (1, 99, "FETCH"), (-1, 0, "-1")]
        {
            var frame: [UInt8] = []
            frame.appendBigEndian(key)
            frame.appendBigEndian(version)
            frame.appendBigEndian(Int32(3))
            guard case .close(let reason) = try fixture.send(frame) else {
                Issue.record("API \(key), version \(version) was answered")
                continue
            }
            #expect(reason.uppercased().contains(name))
        }
        var future: [UInt8] = []
        future.appendBigEndian(Int16(18))
        future.appendBigEndian(Int16(77))
        future.appendBigEndian(Int32(7))
        guard case .frame(let frame) = try fixture.send(future + [1, 2, 3]) else {
            Issue.record("ApiVersions was not answered")
            return
        }
        let answer = try ResponseFrame(unframed(frame)).decode(ApiVersionsRequest.self, version: 0)
        #expect(answer.errorCode == .unsupportedVersion)
        #expect(answer.apis.contains { $0.key == .produce && $0.minVersion == 0 })
    }

    @Test func `what ApiVersions lists is what is answered, of all APIs and versions there are`() throws {
        let fixture = try BrokerFixture()
        let listed = try fixture.ask(ApiVersionsRequest()).apis
        #expect(Set(listed.map(\.key)).count == listed.count)
        for number in Int16(-1)...100 {
            let key = APIKey(rawValue: number)
            let range = listed.first { $0.key == key }.map { $0.minVersion...$0.maxVersion }
            #expect(range == key.spokenVersions || key == .produce, "\(key)")
            for version in Int16(-1)...30 where key != .apiVersions && !(key.spokenVersions?.contains(version) ?? false)
            {
                var frame: [UInt8] = []
                frame.appendBigEndian(number)
                frame.appendBigEndian(version)
                // Whatever follows is not looked at.
                guard case .close(let reason) = try fixture.send(frame + [UInt8](repeating: 0, count: 40)) else {
                    Issue.record("\(key), version \(version) was answered")
                    continue
                }
                #expect(reason.contains("not spoken"))
            }
        }
    }

    @Test func `a broker that stops answers everything exactly once`() throws {
        for _ in 0..<8 {
            let fixture = try BrokerFixture()
            try fixture.create("t", partitions: 4)
            let queue = BlockingQueue<Pending<ProduceRequest>>()
            let bytes = try batch()
            DedicatedThread.start("asker") {
                for number in 0..<400 {
                    queue.put(fixture.start(produceRequest(bytes, to: "t", Int32(number % 4))))
                }
                queue.close()
            }
            let first = try #require(queue.takeAll())
            fixture.broker.stop()
            var acknowledged = 0
            for pending in first + (queue.takeAll() ?? []) {
                let answer = try pending.response().topics[0].partitions[0]
                if answer.errorCode == .none {
                    acknowledged += 1
                } else {
                    #expect(answer.errorCode == .kafkaStorageError)
                }
            }
            while let rest = queue.takeAll() {
                for pending in rest {
                    let answer = try pending.response().topics[0].partitions[0]
                    if answer.errorCode == .none { acknowledged += 1 }
                }
            }
            let again = try fixture.restarted()
            let end = (0..<4).reduce(Int64(0)) {
                $0 + (again.broker.partition("t", Int32($1))?.log.view.endOffset.value ?? 0)
            }
            #expect(end == Int64(acknowledged))
            #expect(
                try fixture.ask(MetadataRequest(topics: [.init(name: "new")])).topics[0].errorCode == .kafkaStorageError
            )
            _ = try fixture.ask(ListOffsetsRequest())
            _ = try fixture.ask(DescribeProducersRequest(topics: [.init(name: "t", partitions: [0])]))
            _ = try fixture.ask(fetchRequest("t", from: 0), version: 12)
        }
    }
}
