import BrokerCore
import KafkaProtocol
import NIOCore
import Primitives
import TestSupport
import Testing

@testable import BrokerServer

@Suite(.serialized, .timeLimit(.minutes(10)))
struct ConnectionTests {
    @Test func `requests that come byte by byte are answered`() async throws {
        try await ServerFixture.with { fixture in
            let socket = try fixture.connect()
            for byte in bytes(ApiVersionsRequest()) + bytes(MetadataRequest(topics: [.init(name: "t")])) {
                try socket.send([byte])
            }
            _ = try socket.receiveFrame()
            #expect(
                try ResponseFrame(try socket.receiveFrame()).decode(MetadataRequest.self, version: 12).topics.count == 1
            )
        }
    }

    @Test func `joined requests are answered in their order, produce among others`() async throws {
        try await ServerFixture.with { fixture in
            let socket = try fixture.connect()
            _ = try socket.ask(MetadataRequest(topics: [.init(name: "t")]))
            var stream: [UInt8] = []
            for id in 0..<200 {
                switch id % 5 {
                case 3: stream += bytes(ApiVersionsRequest(), correlationID: Int32(id))
                case 4: stream += bytes(MetadataRequest(topics: []), correlationID: Int32(id))
                default: stream += bytes(try produce("t"), correlationID: Int32(id))
                }
                // Not answered, and in nobody's way.
                if id % 7 == 0 { stream += bytes(try produce("t", acknowledgements: 0), correlationID: -1) }
            }
            try socket.send(stream)
            for id in 0..<200 { #expect(try ResponseFrame(try socket.receiveFrame()).correlationID == Int32(id)) }
        }
    }

    @Test func `lengths and requests that cannot be are closed with a reason, and others go on`() async throws {
        try await ServerFixture.with { fixture in
            let good = try fixture.connect()
            for (hostile, reason) in [
                ([0x7f, 0xff, 0xff, 0xff] as [UInt8], "2147483647 bytes"), ([0x80, 0, 0, 0], "-2147483648 bytes"),
                (Array("GET / HTTP/1.1\r\n\r\n".utf8), "another protocol"), ([0, 0, 0, 7], "7 bytes"),
                ([0, 0, 0, 8, 0, 0, 0, 3, 0, 0, 0, 0], "ends early"),
                ([0, 0, 0, 8, 3, 3, 3, 3, 0, 0, 0, 0], "not spoken"),
            ] {
                let socket = try fixture.connect()
                try socket.send(hostile)
                #expect(try socket.isClosed())
                try await eventually("there is a reason for \(hostile)") { fixture.reasons.contains(reason) }
            }
            _ = try good.ask(ApiVersionsRequest())
        }
    }

    @Test func `lengths that are only claimed keep nobody out`() async throws {
        try await ServerFixture.with({ $1.maximumBytesInFlight = 64 << 20 }) { fixture in
            // Half-open: each says that 20 MB follow, and sends nothing more.
            let claims = try (0..<50).map { _ in
                let socket = try fixture.connect()
                try socket.send([0x01, 0x31, 0x2d, 0, 0])
                return socket
            }
            try await eventually("what they claim is counted") { fixture.broker.requestMemory.used == 50 << 16 }
            let socket = try fixture.connect()
            _ = try socket.ask(MetadataRequest(topics: [.init(name: "t")]))
            #expect(try socket.ask(try produce("t", valueBytes: 900_000)).topics[0].partitions[0].errorCode == .none)
            for claim in claims { claim.close() }
            try await eventually("all is given back") { fixture.broker.requestMemory.used == 0 }
        }
    }

    @Test func `requests wait for memory and all get through, however many are half sent`() async throws {
        try await ServerFixture.with({ $1.maximumBytesInFlight = 4 << 20 }) { fixture in
            let request = bytes(try produce("t", valueBytes: 900_000))
            _ = try fixture.connect().ask(MetadataRequest(topics: [.init(name: "t")]))
            let sockets = try (0..<12).map { _ in try fixture.connect() }
            var sent = [Int](repeating: 0, count: sockets.count)
            // All at the same time, none to its end before the memory is used up.
            try await eventually("all is sent") {
                for (index, socket) in sockets.enumerated() where sent[index] < request.count {
                    sent[index] += socket.sendSome(
                        Array(request[sent[index]..<min(request.count, sent[index] + 50_000)]))
                }
                #expect(fixture.broker.requestMemory.used <= 3 << 20)
                return sent.allSatisfy { $0 == request.count }
            }
            for socket in sockets {
                let answer = try ResponseFrame(try socket.receiveFrame()).decode(ProduceRequest.self, version: 12)
                #expect(answer.topics[0].partitions[0].errorCode == .none)
            }
        }
    }

    @Test func `who waits for memory and goes leaves the line`() async throws {
        try await ServerFixture.with({ $1.maximumBytesInFlight = 2 << 20 }) { fixture in
            let part = Array(bytes(try produce("t", valueBytes: 900_000)).prefix(800_000))
            let sockets = try (0..<8).map { _ in try fixture.connect() }
            for socket in sockets { _ = socket.sendSome(part) }
            try await eventually("requests wait for memory") { fixture.broker.requestMemory.waitingCount > 0 }
            for socket in sockets { socket.close() }
            try await eventually("all is given back") {
                fixture.broker.requestMemory.waitingCount == 0 && fixture.broker.requestMemory.used == 0
            }
            _ = try fixture.connect().ask(ApiVersionsRequest())
        }
    }

    @Test func `consumers that take no answers keep no producer out, and are given up`() async throws {
        try await ServerFixture.with({ server, core in
            // Much more than the kernel takes on a client's behalf, which is out of our memory.
            core.maximumBytesInFlight = 64 << 20
            server.requestProgressTimeout = .milliseconds(400)
            server.answerProgressTimeout = .seconds(2)
        }) { fixture in
            let producer = try fixture.connect()
            _ = try producer.ask(MetadataRequest(topics: [.init(name: "t")]))
            for _ in 0..<20 { _ = try producer.ask(try produce("t", valueBytes: 900_000)) }
            let lazy = try (0..<6).map { _ in
                let socket = try fixture.connect(receiveBuffer: 4096)
                try socket.send(fetch("t"))
                return socket
            }
            try await eventually("answers are counted") {
                fixture.broker.responseMemory.used >= fixture.broker.responseMemory.limit / 2
            }
            #expect(try producer.ask(try produce("t")).topics[0].partitions[0].errorCode == .none)
            // What fits the kernel's buffers is out of ours; who holds more than that is given up.
            try await eventually("answers are given back") { fixture.broker.responseMemory.used == 0 }
            #expect(fixture.reasons.contains("none of them taken"))
            _ = lazy
        }
    }

    @Test func `a slow reader gets its whole answer`() async throws {
        let limit = Duration.seconds(2)
        try await ServerFixture.with({ server, _ in
            server.requestProgressTimeout = .milliseconds(200)
            server.answerProgressTimeout = limit
        }) { fixture in
            let socket = try fixture.connect(receiveBuffer: 4096)
            _ = try socket.ask(MetadataRequest(topics: [.init(name: "t")]))
            for _ in 0..<8 { _ = try socket.ask(try produce("t", valueBytes: 900_000)) }
            try socket.send(fetch("t"))
            var length = try #require(try socket.receiveLength())
            #expect(length > 7_000_000)
            // Longer than the limit for a client that takes nothing, but always something: the pause is the reader's pace,
            // and nothing is waited for.
            let begun = ContinuousClock.now
            var isSlow = true
            while length > 0 {
                let part = try socket.receive(min(length, isSlow ? 20_000 : 1 << 20)).count
                if part == 0 { break }
                length -= part
                isSlow = isSlow && .now - begun < limit * 1.5
                if isSlow { try await Task.sleep(for: .milliseconds(20)) }
            }
            #expect(!isSlow)
            #expect(length == 0)
        }
    }

    @Test func `an unfinished request is given up when no byte follows, and an idle connection closed`() async throws {
        try await ServerFixture.with({ server, _ in
            server.requestProgressTimeout = .milliseconds(200)
            server.maximumIdle = .milliseconds(600)
        }) { fixture in
            let half = try fixture.connect()
            try half.send([0, 0])
            #expect(try half.isClosed())
            #expect(fixture.reasons.contains("unfinished request"))
            let idle = try fixture.connect()
            _ = try idle.ask(ApiVersionsRequest())
            #expect(try idle.isClosed())
            #expect(fixture.reasons.all.filter { $0.contains("closed a connection") }.count == 1)
        }
    }

    @Test func `more connections than allowed are closed, and places become free`() async throws {
        try await ServerFixture.with({ server, _ in server.maximumConnections = 2 }) { fixture in
            let first = try fixture.connect()
            _ = try first.ask(ApiVersionsRequest())
            let second = try fixture.connect()
            _ = try second.ask(ApiVersionsRequest())
            #expect(try fixture.connect().isClosed())
            #expect(fixture.reasons.contains("2 connections already"))
            first.close()
            try await eventually("the first is gone") { fixture.server.connectionCount == 1 }
            _ = try fixture.connect().ask(ApiVersionsRequest())
        }
    }

    @Test func `more connections than allowed from one address are closed, counted and told`() async throws {
        try await ServerFixture.with({ server, _ in server.maximumConnectionsPerAddress = 2 }) { fixture in
            let first = try fixture.connect()
            _ = try first.ask(ApiVersionsRequest())
            let second = try fixture.connect()
            _ = try second.ask(ApiVersionsRequest())
            for _ in 0..<50 { #expect(try fixture.connect().isClosed()) }
            #expect(fixture.server.refusedConnectionCount == 50)
            // Told, but not fifty times.
            let told = fixture.reasons.all.filter { $0.contains("from this address already") }.count
            #expect((1...20).contains(told))
            first.close()
            try await eventually("the first is gone") { fixture.server.connectionCount == 1 }
            _ = try fixture.connect().ask(ApiVersionsRequest())
        }
    }

    @Test func `a client over its quota is answered first, and not read from until its time is over`() async throws {
        try await ServerFixture.with({ _, core in core.producerByteRate = 1000 }) { fixture in
            let client = try fixture.connect()
            _ = try client.ask(MetadataRequest(topics: [.init(name: "t")]))
            let start = ContinuousClock.now
            let answer = try client.ask(try produce("t", valueBytes: 10_500))
            #expect(answer.topics[0].partitions[0].errorCode == .none)
            #expect(answer.throttleMilliseconds > 0)
            // What it sends meanwhile waits; other clients do not.
            try client.send(bytes(ApiVersionsRequest()))
            _ = try fixture.connect().ask(ApiVersionsRequest())
            _ = try client.receiveFrame()
            #expect(ContinuousClock.now - start >= .milliseconds(Int64(answer.throttleMilliseconds) - 5))
            // A muted client can be gone, and a stop does not wait for it.
            _ = try client.ask(try produce("t", valueBytes: 100_000))
        }
    }

    @Test func `thousands of waiting consumers cost nothing until something comes`() async throws {
        let count = 1000
        try await ServerFixture.with { fixture in
            let first = try fixture.connect()
            _ = try first.ask(MetadataRequest(topics: [.init(name: "t")]))
            _ = try first.ask(MetadataRequest(topics: [.init(name: "u")]))
            var consumers: [TestSocket] = []
            for _ in 1..<count {
                let consumer = try fixture.connect()
                try consumer.send(fetch("t", wait: 60_000))
                consumers.append(consumer)
            }
            try await eventually("all are connected") { fixture.server.connectionCount == count }
            // What is written elsewhere wakes none of them.
            for _ in 0..<20 { _ = try first.ask(try produce("u")) }
            _ = try first.ask(try produce("t"))
            for consumer in consumers {
                let answer = try ResponseFrame(try consumer.receiveFrame()).decode(FetchRequest.self, version: 12)
                #expect((answer.topics[0].partitions[0].records?.readableBytes ?? 0) > 0)
            }
        }
    }

    @Test func `a stop answers what is under way, wakes waiting fetches, and closes`() async throws {
        // Whoever waited for the time of a fetch, or of the draining, would wait for longer than this suite may take.
        try await ServerFixture.with({ server, _ in server.drainTimeout = .seconds(3600) }) { fixture in
            let producer = try fixture.connect()
            _ = try producer.ask(MetadataRequest(topics: [.init(name: "t"), .init(name: "u")]))
            let consumer = try fixture.connect()
            try consumer.send(fetch("u", wait: 3_600_000))
            let idle = try fixture.connect()
            _ = try idle.ask(ApiVersionsRequest())
            try await eventually("all are connected") { fixture.server.connectionCount == 3 }
            for id in 0..<10 { try producer.send(bytes(try produce("t"), correlationID: Int32(id))) }
            _ = try producer.receiveFrame()
            await fixture.server.stop()
            #expect(fixture.server.connectionCount == 0)
            // In order, as far as they were taken; then the end.
            var next: Int32 = 1
            while let frame = try producer.receiveFrameIfAny() {
                #expect(try ResponseFrame(frame).correlationID == next)
                next += 1
            }
            let woken = try ResponseFrame(try consumer.receiveFrame()).decode(FetchRequest.self, version: 12)
            #expect(woken.errorCode == .none && woken.topics.isEmpty)
            #expect(try consumer.isClosed())
            #expect(try idle.isClosed())
        }
    }

    @Test func `connections that vanish at any moment leave nothing behind`() async throws {
        try await ServerFixture.with { fixture in
            _ = try fixture.connect().ask(MetadataRequest(topics: [.init(name: "t")]))
            let stream =
                bytes(try produce("t", valueBytes: 300)) + fetch("t", from: 0, wait: 60_000) + bytes(try produce("t"))
            for length in stride(from: 1, to: stream.count, by: 3) {
                let socket = try fixture.connect()
                try socket.send(Array(stream[..<length]))
                socket.close()
            }
            try await eventually("all are gone") { fixture.server.connectionCount == 0 }
            try await eventually("all is given back") {
                fixture.broker.requestMemory.used == 0 && fixture.broker.responseMemory.used == 0
            }
        }
    }
}
