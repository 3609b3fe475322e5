import HostMetrics
import NIOCore
import NIOPosix
import Primitives
import Testing

@testable import MetricInputs

/// A server that answers every connection with the same bytes, as soon as anything is asked.
private final class Target {
    private let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    /// - Parameter staysOpen: whether the connection stays open behind the answer.
    init(_ answer: [UInt8], staysOpen: Bool = false) throws {
        channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answer(answer, staysOpen: staysOpen))
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
    }

    convenience init(_ text: String, staysOpen: Bool = false) throws {
        try self.init(Array(text.utf8), staysOpen: staysOpen)
    }

    func stop() throws { try channel.close().wait() }

    private final class Answer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let bytes: [UInt8]
        private let staysOpen: Bool

        init(_ bytes: [UInt8], staysOpen: Bool) {
            self.bytes = bytes
            self.staysOpen = staysOpen
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let staysOpen = staysOpen
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes))).whenComplete { _ in
                if !staysOpen { channel.close(promise: nil) }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

private func answer(_ body: String, type: String = "text/plain; version=0.0.4", status: String = "200 OK") -> String {
    "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
}

@Suite struct ScraperTests {
    private func scraper(
        _ ports: [Int], _ change: (inout ScrapeConfiguration) -> Void = { _ in }
    ) -> (Scraper, BlockingQueue<Void>) {
        var configuration = ScrapeConfiguration(
            targets: ports.map { ScrapeTarget(host: "127.0.0.1", port: $0) }, job: "test")
        configuration.interval = .seconds(3600)
        configuration.timeout = .seconds(60)
        change(&configuration)
        let woken = BlockingQueue<Void>()
        return (
            Scraper(configuration, group: MultiThreadedEventLoopGroup.singleton, clock: FixedClock()) { woken.put(()) },
            woken
        )
    }

    /// What one scrape of each target comes to.
    private func scrape(
        _ ports: [Int], _ change: (inout ScrapeConfiguration) -> Void = { _ in }
    ) throws -> [InputReading] {
        var (scraper, woken) = scraper(ports, change)
        var readings = scraper.read()
        let end = ContinuousClock.now + .seconds(60)
        while readings.count < ports.count {
            try #require(ContinuousClock.now < end)
            _ = woken.takeAll(timeout: .seconds(1))
            readings += scraper.read()
        }
        #expect(scraper.hasAnsweredAll)
        return readings
    }

    private func scrape(
        _ answer: String, staysOpen: Bool = false, _ change: (inout ScrapeConfiguration) -> Void = { _ in }
    )
        throws -> InputReading
    {
        let target = try Target(answer, staysOpen: staysOpen)
        defer { try? target.stop() }
        return try scrape([target.port], change)[0]
    }

    @Test func `a page becomes points with instance and job, and the scrape tells of itself`() throws {
        let target = try Target(
            answer("# TYPE a_total counter\na_total{b=\"c\"} 5\nmalformed\na_total{b=\"c\"} 6\nn NaN\n"))
        defer { try? target.stop() }
        let reading = try scrape([target.port])[0]
        let labels = "instance=127.0.0.1:\(target.port),job=test"
        let told = reading.points.filter { $0.name != "scrape_duration_seconds" }.map(\.told)
        #expect(
            told == [
                "up{\(labels)} 1.0", "scrape_samples_scraped{\(labels)} 3.0", "scrape_samples_dropped{\(labels)} 1.0",
                "scrape_samples_not_numbers{\(labels)} 1.0",
                "scrape_lines_malformed{\(labels)} 1.0", "scrape_exemplars_dropped{\(labels)} 0.0",
                "scrape_response_size_bytes{\(labels)} 73.0", "counter a_total{b=c,\(labels)} 5.0",
            ])
        #expect(reading.changes.count == 1 && reading.changes[0].contains("line 3"))
    }

    @Test(arguments: [
        (answer("a 1\n", status: "503 Busy"), "answers 503"),
        (answer("<html>", type: "text/html"), "text/html"),
        (answer("so it is\n\n"), "no page of metrics"),
        (answer("a 1\nb 2"), "cut off"),
        (answer("a 1\n", type: "application/openmetrics-text; version=1.0.0"), "cut off"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na 1\n", ""),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na 1\n\r\n", ""),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\na 1\n", "gzip"),
        ("nothing of the kind\r\n\r\n", ""), ("", ""),
        (answer(String(repeating: "a 1\n", count: 1000)), "longer than 1024 bytes"),
    ])
    func `an answer that is no whole page gives up 0 and a reason, and no samples`(answer: String, reason: String)
        throws
    {
        let reading = try scrape(answer) { $0.bodyLimit = 1024 }
        #expect(reading.points.first?.name == "up" && reading.points.first?.value == .double(0))
        #expect(reading.points.count == 8)
        #expect(reading.changes.count == 1 && reading.changes[0].contains(reason), "\(reading.changes)")
    }

    @Test func `OpenMetrics, and a page that ends with the connection, are taken`() throws {
        let type = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        let open = try scrape(answer("# TYPE a counter\na_total 1\na_created 5\n# EOF\n", type: type))
        #expect(open.points.last?.start == Timestamp(milliseconds: 5000))
        let old = try scrape("HTTP/1.0 200 OK\r\n\r\na 1\n")
        #expect(old.points.last?.name == "a" && old.points.first?.value == .double(1))
    }

    @Test func `a target that is silent or dead hinders no other, and is told when its time is up`() throws {
        let silent = try Target("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na 1\n", staysOpen: true)
        let good = try Target(answer("a 1\n"))
        let gone = try Target("")
        let deadPort = gone.port
        try gone.stop()
        defer {
            try? silent.stop()
            try? good.stop()
        }
        let readings = try scrape([silent.port, good.port, deadPort]) { $0.timeout = .seconds(2) }
        let up = Dictionary(
            uniqueKeysWithValues: readings.map { reading in
                (reading.points[0].attributes[0].value.plain, reading.points[0].value.number)
            })
        #expect(up == ["127.0.0.1:\(silent.port)": 0, "127.0.0.1:\(good.port)": 1, "127.0.0.1:\(deadPort)": 0])
        // The silent one came last: the others did not wait for it.
        #expect(readings.last?.changes[0].contains("no whole page within") == true)
        #expect(readings.contains { $0.changes.first?.contains("cannot connect") == true })
    }

    @Test func `from scrape to scrape counters are followed, and what changes is told once`() throws {
        let target = try Target(answer("# TYPE a counter\na 5\n"))
        var (scraper, woken) = scraper([target.port]) { ($0.interval, $0.timeout) = (.milliseconds(100), .seconds(30)) }
        var readings: [InputReading] = []
        func read(_ count: Int) throws {
            let end = ContinuousClock.now + .seconds(60)
            while readings.count < count {
                try #require(ContinuousClock.now < end)
                _ = woken.takeAll(timeout: max(.milliseconds(1), min(scraper.timeLeft, .seconds(1))))
                readings += scraper.read()
            }
        }
        try read(3)
        #expect(readings[0].points.last?.metric === readings[2].points.last?.metric)
        #expect(readings[2].points.last?.increase?.value == .double(0))
        #expect(readings.allSatisfy { $0.changes.isEmpty })
        try target.stop()
        try read(readings.count + 3)
        #expect(readings.flatMap(\.changes).count == 1)
    }
}
