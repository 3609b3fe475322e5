import BrokerTestSupport
import KafkaProtocol
import NIOCore
import Primitives
import Testing

@testable import BrokerCore

@Suite(.timeLimit(.minutes(10)))
struct QuotaTests {
    @Test func `the wait is what brings the rate of the last ten seconds down to the quota`() {
        var window = RateWindow()
        let start: Int64 = 1_700_000_000_000
        window.record(10_000, at: start)
        #expect(window.throttle(to: 1000, at: start) == 0)
        window.record(10_000, at: start)
        // O = 2000, T = 1000, W = 10 s: (O - T) / T * W.
        #expect(window.throttle(to: 1000, at: start) == 10_000)
        // Over 10.5 s it is 1904.76 a second.
        #expect(window.throttle(to: 1000, at: start + 10_500) == 9500)
        // The sample is forgotten after eleven seconds.
        #expect(window.throttle(to: 1000, at: start + 11_000) == 0)
        #expect(window.isEmpty(at: start + 11_000))
        window.record(30_000, at: start + 11_000)
        window.record(-10_000, at: start + 11_000)
        #expect(window.throttle(to: 1000, at: start + 11_000) == 10_000)
        // A clock that was set back does not keep anybody waiting for it.
        #expect(window.throttle(to: 1000, at: start) == 0)
        #expect(window.throttle(to: 1, at: .max / 2) == 0)
        var huge = RateWindow()
        huge.record(.max, at: start)
        #expect(huge.throttle(to: 1, at: start) == .max)
    }

    @Test func `over any time a client that waits as it is told stays at its quota`() {
        var window = RateWindow()
        var now: Int64 = 1_700_000_000_000
        let start = now
        var sent = 0
        for round in 0..<2000 {
            let bytes = 100 + round * 7919 % 5000
            window.record(bytes, at: now)
            sent += bytes
            now += Int64(window.throttle(to: 1000, at: now)) + 1
        }
        // Ten seconds' worth may be ahead of time, and Kafka's samples are of a whole second each.
        let rate = Double(sent) / Double(now - start + 10_000) * 1000
        #expect((900...1250).contains(rate))
    }

    @Test func `the most particular quota counts, in Kafka's order`() {
        func rate(_ entries: [QuotaEntity]) -> Double? {
            var table = QuotaTable(defaults: [.produce: 9])
            for (number, entity) in entries.enumerated() { table.entries[entity] = [.produce: Double(number)] }
            return table.find(.produce, user: "u", clientID: "c")?.bytesPerSecond
        }
        let order: [QuotaEntity] = [
            QuotaEntity(user: .named("u"), clientID: .named("c")), QuotaEntity(user: .named("u"), clientID: .others),
            QuotaEntity(user: .named("u")), QuotaEntity(user: .others, clientID: .named("c")),
            QuotaEntity(user: .others, clientID: .others), QuotaEntity(user: .others),
            QuotaEntity(clientID: .named("c")), QuotaEntity(clientID: .others),
        ]
        for first in order.indices { #expect(rate(Array(order[first...])) == 0) }
        #expect(rate([QuotaEntity(clientID: .named("other")), QuotaEntity(user: .named("other"))]) == 9)
        #expect(QuotaTable().find(.fetch, user: "u", clientID: "c") == nil)
    }

    private func set(
        _ fixture: BrokerFixture, _ key: String, _ rate: Double?, clientID: String? = "test"
    ) throws -> ErrorCode {
        let operation = AlterClientQuotasRequest.Operation(key: key, value: rate ?? 0, remove: rate == nil)
        let entity = [QuotaEntityPart(type: "client-id", name: clientID)]
        return try fixture.ask(AlterClientQuotasRequest(entries: [.init(entity: entity, operations: [operation])]))
            .entries[0].errorCode
    }

    @Test func `who produces too much is answered, told how long to wait, and muted`() throws {
        let fixture = try BrokerFixture()
        try fixture.create("t")
        #expect(try set(fixture, "producer_byte_rate", 1000) == .none)
        #expect(try set(fixture, "consumer_byte_rate", 1_000_000, clientID: nil) == .none)
        let small = try fixture.ask(produceRequest(try batch(1, valueBytes: 1000), to: "t"))
        #expect(small.throttleMilliseconds == 0)
        #expect(fixture.client.takeMute() == nil)
        let large = try fixture.ask(produceRequest(try batch(1, valueBytes: 20_000), to: "t"))
        #expect(large.topics[0].partitions[0].errorCode == .none)
        #expect((11_000...12_000).contains(large.throttleMilliseconds))
        #expect(fixture.client.takeMute() == .milliseconds(Int64(large.throttleMilliseconds)))
        #expect(fixture.client.takeMute() == nil)
        // Without an answer there is the silence still.
        _ = try fixture.start(produceRequest(try batch(), to: "t", acknowledgements: 0)).reply()
        #expect(fixture.client.takeMute() != nil)
        // Another client id has a quota of its own: none.
        #expect(try set(fixture, "producer_byte_rate", nil) == .none)
        let free = try fixture.ask(produceRequest(try batch(1, valueBytes: 20_000), to: "t"))
        #expect(free.throttleMilliseconds == 0)
    }

    @Test func `who fetches too much gets nothing until the time is over, and then all of it`() throws {
        let fixture = try BrokerFixture { $0.consumerByteRate = 1000 }
        try fixture.create("t")
        for _ in 0..<3 { #expect(try fixture.produce(try batch(1, valueBytes: 6000), to: "t").errorCode == .none) }
        func fetch(_ offset: Int64) throws -> FetchResponse {
            try fixture.ask(fetchRequest("t", from: offset), version: 12)
        }
        func bytes(_ response: FetchResponse) -> Int {
            response.topics.flatMap(\.partitions).reduce(0) { $0 + ($1.records?.readableBytes ?? 0) }
        }
        // No more than ten seconds' worth at a time.
        #expect((6000...7000).contains(bytes(try fetch(0))))
        let held = try fetch(1)
        #expect(held.topics.isEmpty && held.errorCode == .none)
        #expect((2000...3000).contains(held.throttleMilliseconds))
        // What was not sent does not count.
        #expect(try fetch(1).throttleMilliseconds == held.throttleMilliseconds)
        #expect(fixture.client.takeMute() == .milliseconds(Int64(held.throttleMilliseconds)))
        fixture.clock.advance(milliseconds: 11_000)
        #expect((6000...7000).contains(bytes(try fetch(1))))
        // An incremental fetch that is held back has told nothing.
        fixture.clock.advance(milliseconds: 11_000)
        var full = fetchRequest("t", from: 0)
        full.sessionEpoch = 0
        let id = try fixture.ask(full, version: 12).sessionID
        let next = FetchRequest(maxWaitMilliseconds: 0, minBytes: 1, sessionID: id, sessionEpoch: 1)
        let throttled = try fixture.ask(next, version: 12)
        #expect(throttled.sessionID == id && throttled.topics.isEmpty && throttled.throttleMilliseconds > 0)
    }

    @Test func `a batch larger than the quota's window comes when nothing else is counted`() throws {
        let fixture = try BrokerFixture { $0.consumerByteRate = 10 }
        try fixture.create("t")
        #expect(try fixture.produce(try batch(1, valueBytes: 6000), to: "t").errorCode == .none)
        let response = try fixture.ask(fetchRequest("t", from: 0), version: 12)
        #expect((response.topics[0].partitions[0].records?.readableBytes ?? 0) > 6000)
        #expect(try fixture.ask(fetchRequest("t", from: 0), version: 12).throttleMilliseconds > 0)
    }

    @Test func `quotas are described, hold over a restart, and nonsense is refused`() throws {
        let fixture = try BrokerFixture()
        #expect(try set(fixture, "producer_byte_rate", 1000) == .none)
        #expect(try set(fixture, "consumer_byte_rate", 2000, clientID: nil) == .none)
        for (key, rate) in [
            ("producer_byte_rate", 0.5), ("producer_byte_rate", 0), ("producer_byte_rate", -1),
            ("producer_byte_rate", .nan), ("producer_byte_rate", .infinity), ("request_percentage", 10), ("", 1),
        ] { #expect(try set(fixture, key, rate) == .invalidRequest, "\(key) \(rate)") }
        for entity in [
            [], [QuotaEntityPart(type: "ip", name: "10.0.0.1")], [QuotaEntityPart(type: "user", name: "")],
            [QuotaEntityPart(type: "user", name: "a"), QuotaEntityPart(type: "user", name: "b")],
        ] {
            let answer = try fixture.ask(AlterClientQuotasRequest(entries: [.init(entity: entity)]))
            #expect(answer.entries[0].errorCode == .invalidRequest)
        }
        fixture.broker.stop()
        let again = try fixture.restarted()
        func found(_ components: [DescribeClientQuotasRequest.Component], strict: Bool = false) throws -> Int {
            let request = DescribeClientQuotasRequest(components: components, isStrict: strict)
            return try again.ask(request).entries?.count ?? -1
        }
        let all = try #require(try again.ask(DescribeClientQuotasRequest()).entries)
        #expect(Set(all.flatMap { $0.values.map(\.value) }) == [1000, 2000])
        #expect(try found([.init(entityType: "client-id", matchType: .exact, match: "test")]) == 1)
        #expect(try found([.init(entityType: "client-id", matchType: .byDefault)]) == 1)
        #expect(try found([.init(entityType: "client-id", matchType: .any)], strict: true) == 2)
        #expect(try found([.init(entityType: "user", matchType: .any)]) == 0)
        #expect(try found([], strict: true) == 0)
        #expect(try found([.init(entityType: "ip", matchType: .any)]) == -1)
        #expect(try found([.init(entityType: "user", matchType: .init(rawValue: 9))]) == -1)
        // What is only asked about is not set.
        let only = AlterClientQuotasRequest(
            entries: [
                .init(
                    entity: [.init(type: "user", name: nil)], operations: [.init(key: "producer_byte_rate", value: 1)])
            ],
            validateOnly: true)
        #expect(try again.ask(only).entries[0].errorCode == .none)
        #expect(try again.ask(DescribeClientQuotasRequest()).entries?.count == 2)
    }

    @Test func `clients without number share a count, and quiet ones are forgotten`() throws {
        let fixture = try BrokerFixture { $0.producerByteRate = 1000 }
        let quotas = fixture.broker.quotas
        for number in 0..<(ClientQuotas.maximumCounts + 10) {
            let share = quotas.share(.produce, of: fixture.client, clientID: "\(number)")
            let throttle = share.take(6000)
            // The first of the overflow is within the quota, the next is not.
            #expect(throttle == 0 || number > ClientQuotas.maximumCounts)
        }
        #expect(quotas.share(.produce, of: fixture.client, clientID: "one more").take(6000) > 0)
        fixture.clock.advance(milliseconds: 11_000)
        #expect(quotas.share(.produce, of: fixture.client, clientID: "one more").take(6000) == 0)
    }
}
