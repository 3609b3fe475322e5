import BrokerCore
import CollectorCore
import CommitLog
import Testing

@testable import YAMLConfiguration

@Suite struct CollectorConfigurationTests {
    @Test func `an empty file gives the defaults`() throws {
        let configuration = try readCollector("").get()
        #expect(configuration == CollectorConfiguration())
        #expect(configuration.listen.description == "127.0.0.1:9092")
        #expect(configuration.flush == .commit)
        let settings = try configuration.rules.settings(for: "any", overrides: []).get()
        #expect(configuration.rules.partitions(for: "any") == 1)
        #expect(settings.log.segmentBytes == 1 << 30)
        #expect(settings.log.segmentMilliseconds == 7 * 86_400_000)
        #expect(settings.maximumMessageBytes == 1_048_588)
        #expect(settings.log.indexIntervalBytes == 4096)
    }

    @Test func `every setting arrives where it belongs`() throws {
        let text = """
            listen: "[::]:0"
            advertised: collector.example:19092
            data_dir: /d
            flush: interval
            flush.ms: 250
            auto_create_topics: false
            num.partitions: 3
            min.free.bytes: 1GiB
            log.retention.check.interval.ms: 60000
            log.cleaner.backoff.ms: 100
            log.cleaner.dedupe.buffer.size: 2MiB
            log.cleaner.io.max.bytes.per.second: 3MiB
            limits: {max.connections: 7, socket.request.max.bytes: 1MiB, queued.max.request.bytes: 2MiB}
            groups:
              group.initial.rebalance.delay.ms: 10
              group.min.session.timeout.ms: 20
              group.max.session.timeout.ms: 30
              group.max.size: 40
              offsets.retention.minutes: 50
              offsets.retention.check.interval.ms: 600
              offset.metadata.max.bytes: 70
            topics:
              - match: "logs.*"
                partitions: 4
                retention.ms: 604800000
              - match: "*"
                partitions: 2
                segment.bytes: 16KiB
                segment.ms: 1000
                max.message.bytes: 2048
                index.interval.bytes: 0
                retention.ms: -1
                retention.bytes: 1000000
                cleanup.policy: compact,delete
                delete.retention.ms: 7
                min.cleanable.dirty.ratio: 0.25
                min.compaction.lag.ms: 8
                max.compaction.lag.ms: 9
                message.timestamp.type: LogAppendTime
                compression.type: producer
                flush.messages: 100
                flush.ms: 50
            """
        let configuration = try readCollector(text).get()
        #expect(configuration.listen == HostPort(host: "::", port: 0))
        #expect(configuration.advertised == HostPort(host: "collector.example", port: 19092))
        #expect(configuration.dataDirectory == "/d")
        #expect(configuration.flush == .interval(.milliseconds(250)))
        #expect(!configuration.autoCreateTopics)
        #expect(configuration.limits.connections == 7)
        #expect(configuration.limits.requestBytes == 1 << 20)
        #expect(configuration.limits.queuedBytes == 2 << 20)
        var groups = GroupSettings()
        groups.initialRebalanceDelayMilliseconds = 10
        groups.minimumSessionMilliseconds = 20
        groups.maximumSessionMilliseconds = 30
        groups.maximumSize = 40
        groups.offsetsRetentionMinutes = 50
        groups.retentionCheckMilliseconds = 600
        groups.maximumOffsetMetadataBytes = 70
        #expect(configuration.groups == groups)

        #expect(configuration.topicRules.map(\.settings.retentionMilliseconds) == [604_800_000, -1])
        let logs = try configuration.rules.settings(for: "logs.nginx", overrides: []).get()
        #expect(configuration.rules.partitions(for: "logs.nginx") == 4)
        // From the second rule, since the first says nothing of them.
        #expect(logs.log.segmentBytes == 16_384)
        #expect(logs.maximumMessageBytes == 2048)
        let other = try configuration.rules.settings(for: "logs", overrides: []).get()
        #expect(configuration.rules.partitions(for: "logs") == 2)
        #expect(other.log.segmentMilliseconds == 1000)
        #expect(other.log.cleanup == [.compact, .delete])
        #expect(other.log.deleteRetentionMilliseconds == 7 && other.log.minimumCleanableRatio == 0.25)
        #expect(other.log.minimumCompactionLagMilliseconds == 8 && other.log.maximumCompactionLagMilliseconds == 9)
        #expect(configuration.cleanerBackoff == .milliseconds(100))
        #expect(configuration.cleanerMemory == 2 << 20 && configuration.cleanerBytesPerSecond == 3 << 20)
        #expect(other.log.indexIntervalBytes == 0)
        #expect(logs.log.retentionMilliseconds == 604_800_000)
        #expect(other.log.retentionMilliseconds == -1)
        #expect(other.log.retentionBytes == 1_000_000)
        #expect(other.timestampType == .logAppendTime)
        #expect(other.flushMessages == 100)
        #expect(other.flushMilliseconds == 50)
        #expect(configuration.minimumFreeBytes == 1 << 30)
        #expect(configuration.retentionCheckInterval == .seconds(60))
    }

    @Test(arguments: [
        (
            "listen: 9092",
            "f.yaml:1:9: listen: expected HOST:PORT with a port from 0 (any free one) to 65535, such as 127.0.0.1:9092 or 0.0.0.0:9092, found \"9092\""
        ),
        (
            "advertised: 0.0.0.0:9092",
            "f.yaml:1:13: advertised: expected an address that clients can connect to, found \"0.0.0.0:9092\""
        ),
        (
            "advertised: a:0",
            "f.yaml:1:13: advertised: expected HOST:PORT with a port from 1 to 65535, such as 127.0.0.1:9092 or [::1]:9092, found \"a:0\""
        ),
        ("data_dir: d", "f.yaml:1:11: data_dir: expected an absolute path, found \"d\""),
        ("flush: always", "f.yaml:1:8: flush: expected one of commit, interval, os, found \"always\""),
        (
            "flush: intervall\nflush.ms: 5",
            "f.yaml:1:8: flush: expected one of commit, interval, os, found \"intervall\"; did you mean \"interval\"?"
        ),
        ("flush.ms: 5", "f.yaml:1:11: flush.ms: only \"flush: interval\" has an interval"),
        ("flush: os\nflush.ms: 5", "f.yaml:2:11: flush.ms: only \"flush: interval\" has an interval"),
        (
            "flush: interval\nflush.ms: 0",
            "f.yaml:2:11: flush.ms: expected a whole number from 1 to 3600000, found \"0\""
        ),
        (
            "auto_create_topics: yes",
            "f.yaml:1:21: auto_create_topics: expected true or false (without quotes), found \"yes\""
        ),
        ("num.partitions: 0", "f.yaml:1:17: num.partitions: expected a whole number from 1 to 10000, found \"0\""),
        ("num_partitions: 1", "f.yaml:1:1: num_partitions: unknown key; did you mean \"num.partitions\"?"),
        (
            "limits: {max.connections: 0}",
            "f.yaml:1:27: limits.max.connections: expected a whole number from 1 to 1000000, found \"0\""
        ),
        (
            "limits: {queued.max.request.bytes: 1MiB}",
            "f.yaml:1:36: limits.queued.max.request.bytes: queued.max.request.bytes (1048576) has to hold at least one request of socket.request.max.bytes (104857600)"
        ),
        (
            "limits: {socket.request.max.bytes: 1GiB}",
            "f.yaml:1:36: limits.socket.request.max.bytes: queued.max.request.bytes (268435456) has to hold at least one request of socket.request.max.bytes (1073741824)"
        ),
        (
            "groups: {group.max.session.timeout.ms: 10}",
            "f.yaml:1:40: groups.group.max.session.timeout.ms: group.min.session.timeout.ms (1000) is more than group.max.session.timeout.ms (10)"
        ),
        ("topics: {a: 1}", "f.yaml:1:9: topics: expected a list, found a section with keys"),
        (
            "topics: [{partitions: 1}]",
            "f.yaml:1:10: topics[0]: \"match\" is missing; expected a topic name in which * stands for any characters and ? for one, such as logs.*"
        ),
        (
            "topics: [{match: 'a/*'}]",
            "f.yaml:1:18: topics[0].match: expected a topic name in which * stands for any characters and ? for one, such as logs.*, found \"a/*\""
        ),
        (
            "topics: [{match: a, segment.bytes: 1KiB}]",
            "f.yaml:1:36: topics[0].segment.bytes: expected a size from 16KiB to 2147483647 bytes, such as 64KiB, 1MiB, 1GB or plain bytes, found \"1KiB\""
        ),
        (
            "topics: [{match: a, retention.ms: 7d}]",
            "f.yaml:1:35: topics[0].retention.ms: expected a whole number from -1 to 31622400000000, found \"7d\""
        ),
        (
            "topics: [{match: a, min.insync.replicas: 2}]",
            "f.yaml:1:21: topics[0].min.insync.replicas: a setting of Kafka's that this version does not honour yet"
        ),
        (
            "topics: [{match: a, cleanup.policy: compress}]",
            "f.yaml:1:37: topics[0].cleanup.policy: expected delete, compact, or \"compact,delete\", found \"compress\""
        ),
        (
            "topics: [{match: a, min.cleanable.dirty.ratio: 2}]",
            "f.yaml:1:48: topics[0].min.cleanable.dirty.ratio: expected a number from 0 to 1, found \"2\""
        ),
        (
            "topics: [{match: a, min.compaction.lag.ms: 2, max.compaction.lag.ms: 1}]",
            "f.yaml:1:44: topics[0].min.compaction.lag.ms: must not be more than max.compaction.lag.ms (1)"
        ),
        (
            "topics: [{match: a, message.timestamp.type: now}]",
            "f.yaml:1:45: topics[0].message.timestamp.type: expected one of CreateTime, LogAppendTime, found \"now\""
        ),
        (
            "topics: [{match: a, flush.messages: 0}]",
            "f.yaml:1:37: topics[0].flush.messages: expected a whole number of at least 1, found \"0\""
        ),
    ])
    func `what cannot be is refused with file, line, column and key`(text: String, message: String) {
        #expect(problems(readCollector(text)) == [message])
    }

    @Test(arguments: [
        ("logs.*", "logs.nginx", true), ("logs.*", "logs.", true), ("logs.*", "logs", false), ("*", "a", true),
        ("logs.*", "xlogs.a", false), ("a?c", "abc", true), ("a?c", "ac", false), ("*.a.*b", "x.a.a.bb", true),
        ("*.a.*b", "x.a.a.bc", false), ("a", "a", true), ("a", "ab", false), ("a**", "a", true),
    ])
    func `a pattern matches the whole name`(pattern: String, topic: String, matches: Bool) throws {
        _ = try #require(TopicPattern(pattern))
        #expect(glob(pattern, matches: topic) == matches)
    }

    @Test func `a pattern made of many stars is matched in time`() throws {
        let pattern = String(repeating: "*a", count: 124)
        _ = try #require(TopicPattern(pattern))
        #expect(!glob(pattern, matches: String(repeating: "a", count: 248) + "b"))
    }

    @Test func `the command line wins over the file, and is checked`() throws {
        var configuration = CollectorConfiguration()
        try configuration.override(listen: "0.0.0.0:0", dataDirectory: "d")
        #expect(configuration.listen == HostPort(host: "0.0.0.0", port: 0))
        #expect(configuration.dataDirectory == "d")
        #expect(throws: ConfigurationError.self) { try configuration.override(listen: "9092") }
    }
}
