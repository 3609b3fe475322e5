import BrokerTestSupport
import FileAccess
import KafkaProtocol
import NIOCore
import Primitives
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import BrokerCore

@Suite(.timeLimit(.minutes(10)))
struct TopicTests {
    private typealias Wanted = CreateTopicsRequest.Topic

    private func create(
        _ fixture: BrokerFixture, _ topics: [CreateTopicsRequest.Topic], validateOnly: Bool = false
    ) throws -> [CreateTopicsResponse.Topic] {
        try fixture.ask(CreateTopicsRequest(topics: topics, validateOnly: validateOnly)).topics
    }

    @Test func `a topic that cannot be is refused, and the others of the request are made`() throws {
        let fixture = try BrokerFixture()
        try fixture.create("there")
        let answers = try create(
            fixture,
            [
                Wanted(name: ""), Wanted(name: ".."), Wanted(name: "a/b"), Wanted(name: "ä"),
                Wanted(name: String(repeating: "x", count: 250)), Wanted(name: "zero", partitionCount: 0),
                Wanted(name: "many", partitionCount: 10_001), Wanted(name: "there"), Wanted(name: "twice"),
                Wanted(name: "twice"), Wanted(name: "unknown", configs: [.init(name: "colour", value: "red")]),
                Wanted(name: "wrong", configs: [.init(name: "segment.bytes", value: "1")]),
                Wanted(name: "good", partitionCount: 3, configs: [.init(name: "segment.bytes", value: "20000")]),
            ])
        let name = ErrorCode.invalidTopicException
        #expect(
            answers.map(\.errorCode) == [
                name, name, name, name, name, .invalidPartitions, .invalidPartitions, .topicAlreadyExists,
                .invalidRequest, .invalidRequest, .invalidConfig, .invalidConfig, .none,
            ])
        #expect(answers.allSatisfy { $0.errorCode == .none || $0.errorMessage?.isEmpty == false })
        #expect(Set(fixture.broker.topics.map(\.name)) == ["there", "good"])
        #expect(answers[12].partitionCount == 3)
    }

    @Test func `asking whether a topic could be made does not make it`() throws {
        let fixture = try BrokerFixture()
        let answer = try create(fixture, [Wanted(name: "t", partitionCount: 4)], validateOnly: true)
        #expect(answer[0].errorCode == .none)
        #expect(answer[0].partitionCount == 4)
        #expect(fixture.broker.topics.isEmpty)
        try fixture.create("t", partitions: 2)
        #expect(try fixture.produce(try batch(), to: "t", 1).errorCode == .none)
    }

    @Test func `metadata makes topics only where that is allowed`() throws {
        let fixture = try BrokerFixture { configuration in
            configuration.topics.rules = [TopicRules.Rule(match: "logs.*", partitions: 4)]
        }
        func ask(_ name: String, allow: Bool, version: Int16 = 12) throws -> MetadataResponse.Topic {
            try fixture.ask(
                MetadataRequest(topics: [.init(name: name)], allowAutoTopicCreation: allow), version: version
            ).topics[0]
        }
        #expect(try ask("logs.a", allow: false).errorCode == .unknownTopicOrPartition)
        #expect(try ask("a b", allow: true).errorCode == .invalidTopicException)
        #expect(fixture.broker.topics.isEmpty)
        #expect(try ask("logs.a", allow: true).partitions.count == 4)
        #expect(try ask("other", allow: true, version: 1).partitions.count == 1)

        let id = try #require(fixture.broker.topic(named: "logs.a")).id
        let byID = try fixture.ask(
            MetadataRequest(topics: [.init(id: id), .init(id: TopicID(high: 1, low: 2))]), version: 12
        ).topics
        #expect(byID.map(\.name) == ["logs.a", nil])
        #expect(byID.map(\.errorCode) == [.none, .unknownTopicID])

        for version in MetadataRequest.versions {
            let all = try fixture.ask(MetadataRequest(topics: nil), version: version)
            #expect(all.topics.map(\.name) == ["logs.a", "other"])
            #expect(all.brokers.map(\.host) == ["10.0.0.1"])
            if version > 0 { #expect(try fixture.ask(MetadataRequest(topics: []), version: version).topics.isEmpty) }
        }

        let closed = try BrokerFixture { $0.autoCreateTopics = false }
        let refused = try closed.ask(MetadataRequest(topics: [.init(name: "t")])).topics[0]
        #expect(refused.errorCode == .unknownTopicOrPartition)
    }

    @Test func `asking for the same new topic from many sides makes it once`() throws {
        let fixture = try BrokerFixture()
        let asked = (0..<20).map { _ in fixture.start(MetadataRequest(topics: [.init(name: "t")])) }
        let ids = Set(try asked.map { try $0.response().topics[0].id })
        #expect(ids.count == 1)
    }

    @Test func `offsets are found by their special timestamps and by time`() throws {
        let fixture = try BrokerFixture()
        try fixture.create("t")
        #expect(try fixture.produce(try batch(3, time: 1000), to: "t").errorCode == .none)
        #expect(try fixture.produce(try batch(2, time: 5000), to: "t").errorCode == .none)
        #expect(try fixture.produce(try batch(1, time: 2000), to: "t").errorCode == .none)
        func find(_ time: Int64, _ partition: Int32 = 0, epoch: Int32 = -1) throws -> ListOffsetsResponse.Partition {
            try fixture.ask(
                ListOffsetsRequest(topics: [
                    .init(
                        name: "t",
                        partitions: [
                            .init(
                                index: partition, currentLeaderEpoch: LeaderEpoch(epoch),
                                timestamp: Timestamp(milliseconds: time))
                        ])
                ])
            ).topics[0].partitions[0]
        }
        #expect(try find(-1).offset == Offset(6))
        #expect(try find(-2).offset == .zero)
        #expect(try find(-3).offset == Offset(4))
        #expect(try find(-3).timestamp.milliseconds == 5001)
        #expect(try find(-4).offset == .zero)
        #expect(try find(-5).offset == Offset(-1))
        #expect(try find(1001).offset == Offset(1))
        #expect(try find(1500).offset == Offset(3))
        #expect(try find(9000).offset == Offset(-1))
        #expect(try find(-1, 5).errorCode == .unknownTopicOrPartition)
        #expect(try find(-1, epoch: 1000).errorCode == .unknownLeaderEpoch)
    }

    @Test func `a producer id is given once, over restarts too`() throws {
        var fixture = try BrokerFixture()
        var ids: Set<Int64> = []
        for _ in 0..<4 {
            for _ in 0..<700 {
                let answer = try fixture.ask(
                    InitProducerIDRequest(transactionalID: nil, transactionTimeoutMilliseconds: 0))
                #expect(answer.errorCode == .none)
                #expect(ids.insert(answer.producerID.value).inserted)
            }
            fixture.broker.stop()
            fixture = try fixture.restarted()
        }
        let answer = try fixture.ask(InitProducerIDRequest(transactionalID: "x", transactionTimeoutMilliseconds: 0))
        #expect(answer.errorCode == .transactionalIDAuthorizationFailed)
    }

    @Test func `topics, records and identities survive a restart, and only one broker has a directory`() throws {
        let first = try BrokerFixture()
        try first.create("t", partitions: 3)
        #expect(try first.produce(try batch(5), to: "t", 2).errorCode == .none)
        let id = try #require(first.broker.topic(named: "t")).id
        #expect(throws: DataDirectoryError.self) { try BrokerFixture(in: first.directory) }
        first.broker.stop()
        // The lock goes with the broker.
        let cluster = first.broker.clusterID
        let again = try reopened(first.directory)
        #expect(again.broker.clusterID == cluster)
        #expect(try #require(again.broker.topic(id: id)).partitions.count == 3)
        #expect(try again.produce(try batch(), to: "t", 2).baseOffset == Offset(5))
    }

    private func reopened(_ directory: FilePath) throws -> BrokerFixture {
        let copy = temporaryDirectory()
        // A crash's view: what is on disk, while the first still runs.
        try copyTree(directory, copy)
        return try BrokerFixture(in: copy)
    }

    @Test func `a topic in the registry whose directories a crash prevented is made up for`() throws {
        let directory = temporaryDirectory()
        let system = PosixFileSystem()
        try system.createDirectories(directory)
        let id = TopicID.random()
        let text = "tributary-topics 1\n\(id.text) t 2 segment.bytes=20000\n"
        try system.replace(directory.appending("topics"), with: Array(text.utf8).rawBytes)
        let fixture = try BrokerFixture(in: directory)
        #expect(fixture.broker.topic(id: id)?.partitions.count == 2)
        #expect(try fixture.produce(try batch(), to: "t", 1).errorCode == .none)
    }

    @Test(arguments: [
        ("topics", "tributary-topics 2\n", "line 1"), ("topics", "", "line 1"),
        ("topics", "tributary-topics 1\nnonsense\n", "line 2"),
        ("topics", "tributary-topics 1\nAAAAAAAAAAAAAAAAAAAAAA t 1\nAAAAAAAAAAAAAAAAAAAAAA t 1\n", "line 3"),
        ("topics", "tributary-topics 1\nAAAAAAAAAAAAAAAAAAAAAA t 1 segment.bytes=x\n", "\"t\""),
        ("producer-ids", "x\n", "producer-ids"), ("producer-ids", "", "producer-ids"),
        ("producer-ids", "9223372036854775807\n", "producer-ids"), ("producer-ids", "-4\n", "producer-ids"),
        ("meta.properties", "version=1\n", "meta.properties"),
        ("meta.properties", "version=2\ncluster.id=x\n", "newer"),
    ])
    func `a file that cannot be is refused with its name and place`(
        _ file: String, _ content: String, _ place: String
    ) throws {
        let directory = temporaryDirectory()
        defer { removeTree(directory) }
        let system = PosixFileSystem()
        try system.createDirectories(directory)
        try system.replace(directory.appending(file), with: Array(content.utf8).rawBytes)
        let error = #expect(throws: (any Error).self) { try BrokerFixture(in: directory) }
        #expect(error.map { "\($0)" }?.contains(place) == true)
    }

    @Test func `a topic whose directories cannot be made is not there, and can be made later`() throws {
        let system = FailingFileSystem()
        let fixture = try BrokerFixture(fileSystem: system)
        system.fail(createDirectoriesContaining: "t-2")
        #expect(try create(fixture, [Wanted(name: "t", partitionCount: 4)])[0].errorCode == .kafkaStorageError)
        #expect(fixture.broker.topics.isEmpty)
        system.fail(createDirectoriesContaining: nil)
        try fixture.create("t", partitions: 4)
        #expect(try fixture.produce(try batch(), to: "t", 2).errorCode == .none)
        fixture.broker.stop()
        let copy = temporaryDirectory()
        try copyTree(fixture.directory, copy)
        let again = try BrokerFixture(in: copy)
        #expect(again.broker.topics.map(\.name) == ["t"])
        #expect(try again.produce(try batch(), to: "t", 2).baseOffset == Offset(1))
    }
}

func copyTree(_ from: FilePath, _ to: FilePath) throws {
    let system = PosixFileSystem()
    try system.createDirectories(to)
    for entry in try system.list(from) {
        let source = from.appending(entry.name)
        if try system.status(of: source, followingLinks: false).kind == .directory {
            try copyTree(source, to.appending(entry.name))
        } else {
            let bytes = try system.readWhole(source, limit: 1 << 28)
            try system.replace(to.appending(entry.name), with: bytes.rawBytes)
        }
    }
}

/// The real file system, of which some calls fail.
final class FailingFileSystem: ForwardingFileSystem {
    let base: any FileSystem = PosixFileSystem()
    private let failing = Mutex<String?>(nil)

    func fail(createDirectoriesContaining name: String?) { failing.withLock { $0 = name } }

    func createDirectories(_ path: FilePath) throws(FileError) {
        if let name = failing.withLock({ $0 }), path.string.contains(name) {
            throw FileError(operation: "mkdir", path: path, errno: .noSpace)
        }
        try base.createDirectories(path)
    }
}
