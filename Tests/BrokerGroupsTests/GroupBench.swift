import BrokerTestSupport
import FileAccess
import KafkaProtocol
import Logging
import NIOCore
import Primitives
import SystemPackage
import TestSupport
import Testing

@testable import BrokerCore

/// A broker on a file system in memory, asked about groups with frames, as clients would.
final class GroupBench: AskedBroker, Sendable {
    let files: SimulatedFileSystem
    let broker: Broker
    let client = GroupBench.newClient()

    static func newClient() -> ClientConnection {
        ClientConnection(
            localAddress: BrokerAddress(host: "box", port: 9092), remote: "10.0.0.2:4711", host: "10.0.0.2")
    }

    init(
        _ files: SimulatedFileSystem = SimulatedFileSystem(), _ change: (inout BrokerConfiguration) -> Void = { _ in }
    ) throws {
        self.files = files
        var configuration = BrokerConfiguration(dataDirectory: "/data")
        configuration.storageThreads = 2
        configuration.readerThreads = 1
        configuration.groups.initialRebalanceDelayMilliseconds = 20
        change(&configuration)
        broker = try Broker(
            configuration, fileSystem: files, clock: SystemWallClock(), scheduler: ManualScheduler(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// After a clean stop, or a crash.
    func restarted(
        after crash: SimulatedFileSystem.Crash? = nil, _ change: (inout BrokerConfiguration) -> Void = { _ in }
    ) throws -> GroupBench {
        if let crash {
            // As a dead process: nothing more of it reaches the disk.
            files.stop(atOperation: files.operationCount + 1, midway: false, seed: 1)
            broker.stop()
            files.restart(after: crash, seed: 1)
        } else {
            broker.stop()
            files.restart(after: .kill)
        }
        let next = try GroupBench(files, change)
        try blockUntil("groups are loaded") {
            try next.ask(ListGroupsRequest()).errorCode == .none
        }
        return next
    }

    func create(_ name: String, partitions: Int32 = 1) throws -> ErrorCode {
        try ask(CreateTopicsRequest(topics: [.init(name: name, partitionCount: partitions)])).topics[0].errorCode
    }

    func commit(
        _ offset: Int64, _ topic: String = "t", _ partition: Int32 = 0, group: String = "g", member: String = "",
        generation: Int32 = -1, metadata: String? = nil
    ) throws -> ErrorCode {
        let entry = OffsetCommitRequest.Partition(index: partition, offset: Offset(offset), metadata: metadata)
        return try ask(
            OffsetCommitRequest(
                groupID: group, generationID: generation, memberID: member,
                topics: [.init(name: topic, partitions: [entry])])
        ).topics[0].partitions[0].errorCode
    }

    func committed(_ topic: String = "t", _ partition: Int32 = 0, group: String = "g") throws -> Int64 {
        try ask(
            OffsetFetchRequest(
                groups: [.init(groupID: group, topics: [.init(name: topic, partitions: [partition])])],
                requireStable: true)
        ).groups[0].topics[0].partitions[0].offset.value
    }

    func joinRequest(_ member: String = "", session: Int32 = 30_000, instance: String? = nil) -> JoinGroupRequest {
        JoinGroupRequest(
            groupID: "g", sessionTimeoutMilliseconds: session, rebalanceTimeoutMilliseconds: 30_000, memberID: member,
            groupInstanceID: instance, protocolType: "consumer",
            protocols: [.init(name: "range", metadata: ByteBuffer(bytes: subscription(["t"])))])
    }

    /// A group of one.
    func loneMember() throws -> (member: String, generation: Int32) {
        let id = try ask(joinRequest()).memberID
        let joined = try ask(joinRequest(id))
        #expect(joined.errorCode == .none)
        let synced = try ask(
            SyncGroupRequest(
                groupID: "g", generationID: joined.generationID, memberID: id,
                assignments: [.init(memberID: id, assignment: ByteBuffer(string: "all"))]))
        #expect(synced.errorCode == .none && synced.assignment == ByteBuffer(string: "all"))
        return (id, joined.generationID)
    }

    func heartbeat(_ member: String, _ generation: Int32) throws -> ErrorCode {
        try ask(HeartbeatRequest(groupID: "g", generationID: generation, memberID: member)).errorCode
    }
}
