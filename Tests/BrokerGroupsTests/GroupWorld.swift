import KafkaProtocol
import NIOCore
import Primitives
import TestSupport
import Testing

@testable import BrokerCore

/// A table of groups with a log and a clock that a test decides about.
final class GroupWorld {
    var settings: GroupSettings
    private(set) var table: GroupTable
    private(set) var time: Int64 = 0
    private var joins: [ReplyToken: JoinGroupResponse] = [:]
    private var syncs: [ReplyToken: SyncGroupResponse] = [:]
    private var stores: [ReplyToken: ErrorCode] = [:]
    private(set) var open: Set<ReplyToken> = []
    /// What is in the log.
    private(set) var stored = StoredGroups()
    /// What is on its way into it, in order.
    private(set) var appends: [(records: [GroupRecord], append: GroupAppend)] = []
    /// Whether records are durable at once.
    var writesAtOnce = true
    private var lastToken: UInt64 = 0
    private let seed: UInt64

    init(seed: UInt64 = 1, _ change: (inout GroupSettings) -> Void = { _ in }) {
        var settings = GroupSettings()
        change(&settings)
        self.settings = settings
        self.seed = seed
        table = GroupTable(
            settings, now: GroupTime(uptime: 0, wall: Timestamp(milliseconds: 1_000_000)),
            random: SeededGenerator(seed: seed))
    }

    // MARK: Time and the log

    func advance(_ milliseconds: Int64) {
        let end = time + milliseconds
        // Deadlines one after the other, as they come in life.
        while let next = table.timers.next, next <= end {
            time = max(time, next)
            run { $0.tick() }
        }
        time = end
        run { $0.tick() }
    }

    var wall: Timestamp { Timestamp(milliseconds: 1_000_000 + time) }

    @discardableResult
    func run<Result>(_ body: (GroupTable) -> Result) -> Result {
        table.now = GroupTime(uptime: time, wall: wall)
        let result = body(table)
        settle()
        return result
    }

    private func settle() {
        while true {
            let effects = table.takeEffects()
            for effect in effects {
                switch effect {
                case .joined(let token, let response):
                    close(token)
                    joins[token] = response
                case .synced(let token, let response):
                    close(token)
                    syncs[token] = response
                case .stored(let token, let code):
                    close(token)
                    stores[token] = code
                case .append(let records, let append): appends.append((records, append))
                }
            }
            if writesAtOnce && !appends.isEmpty { finishAppend() } else if effects.isEmpty { return }
        }
    }

    private func close(_ token: ReplyToken) {
        if open.remove(token) == nil { Issue.record("\(token) was answered twice, or never asked") }
    }

    /// The oldest append is durable, or failed.
    func finishAppend(_ error: ErrorCode = .none) {
        let (records, append) = appends.removeFirst()
        if error == .none { for record in records { stored.apply(encoded(record)) } }
        table.now = GroupTime(uptime: time, wall: wall)
        table.appended(append, error)
        if !writesAtOnce || appends.isEmpty { settle() }
    }

    private func encoded(_ record: GroupRecord) -> GroupRecord {
        do throws(WireError) {
            guard let read = try GroupRecord(key: record.key, value: record.value) else {
                throw WireError(.endOfMessage, at: 0)
            }
            return read
        } catch {
            Issue.record("\(record) is not read back: \(error)")
            return record
        }
    }

    /// The process dies and starts again: what was not durable is gone, or, of what was on its way, a part is there.
    func crash(keepingInFlight: Int = 0) {
        for (records, _) in appends.prefix(keepingInFlight) { for record in records { stored.apply(encoded(record)) } }
        appends = []
        open = []
        let fresh = GroupTable(
            settings, now: GroupTime(uptime: time, wall: wall), random: SeededGenerator(seed: seed &+ UInt64(time)))
        fresh.restore(stored)
        table = fresh
        settle()
    }

    // MARK: Answers

    // Functions, since a subscript looks before its index is there.
    func joined(_ token: ReplyToken) -> JoinGroupResponse? { joins[token] }
    func synced(_ token: ReplyToken) -> SyncGroupResponse? { syncs[token] }
    func outcome(_ token: ReplyToken) -> ErrorCode? { stores[token] }

    // MARK: Requests

    func token() -> ReplyToken {
        lastToken += 1
        let token = ReplyToken(value: lastToken)
        open.insert(token)
        return token
    }

    @discardableResult
    func join(
        _ member: String = "", group: String = "g", instance: String? = nil, session: Int32 = 10_000,
        rebalance: Int32 = 30_000, protocols: [String] = ["range"], type: String = "consumer", version: Int16 = 9,
        metadata: [UInt8] = subscription(["t"])
    ) -> ReplyToken {
        let token = token()
        let request = JoinGroupRequest(
            groupID: group, sessionTimeoutMilliseconds: session, rebalanceTimeoutMilliseconds: rebalance,
            memberID: member, groupInstanceID: instance, protocolType: type,
            protocols: protocols.map { .init(name: $0, metadata: ByteBuffer(bytes: metadata)) })
        run { $0.join(request, from: GroupCaller(clientID: "c", host: "/here", version: version), token) }
        return token
    }

    @discardableResult
    func sync(
        _ member: String, _ generation: Int32, group: String = "g", instance: String? = nil,
        _ assignments: [String: String] = [:]
    ) -> ReplyToken {
        let token = token()
        let request = SyncGroupRequest(
            groupID: group, generationID: generation, memberID: member, groupInstanceID: instance,
            assignments: assignments.map { .init(memberID: $0, assignment: ByteBuffer(string: $1)) })
        run { $0.sync(request, token) }
        return token
    }

    func heartbeat(_ member: String, _ generation: Int32, group: String = "g", instance: String? = nil) -> ErrorCode {
        run {
            $0.heartbeat(
                HeartbeatRequest(
                    groupID: group, generationID: generation, memberID: member, groupInstanceID: instance))
        }
    }

    func leave(_ member: String, group: String = "g", instance: String? = nil) -> ErrorCode {
        run {
            $0.leave(LeaveGroupRequest(groupID: group, members: [.init(memberID: member, groupInstanceID: instance)]))
                .members[0].errorCode
        }
    }

    @discardableResult
    func commit(
        _ offset: Int64, _ member: String = "", _ generation: Int32 = -1, group: String = "g", topic: String = "t",
        partition: Int32 = 0, metadata: String = "", version: Int16 = 9, retention: Int64? = nil
    ) -> ReplyToken {
        let token = token()
        let commitment = OffsetCommitment(
            groupID: group, generation: generation, memberID: member, instanceID: nil,
            retentionMilliseconds: retention,
            offsets: [(topic, .init(index: partition, offset: Offset(offset), metadata: metadata))])
        run { $0.commit(commitment, version: version, token) }
        return token
    }

    func committed(group: String = "g", topic: String = "t", partition: Int32 = 0) -> Int64 {
        table.offsets(of: group, in: .init(name: topic, partitions: [partition])).partitions[0].offset.value
    }

    var group: Group? { table.groups["g"] }

    var state: Group.State? { group?.state }

    // MARK: Whole stories

    /// Joins with the id that the coordinator gives.
    func joinTwice(
        group: String = "g", session: Int32 = 10_000, rebalance: Int32 = 30_000, protocols: [String] = ["range"]
    ) throws -> (member: String, token: ReplyToken) {
        let first = join(group: group, session: session, rebalance: rebalance, protocols: protocols)
        let answer = try #require(joins[first])
        #expect(answer.errorCode == .memberIDRequired)
        let again = join(
            answer.memberID, group: group, session: session, rebalance: rebalance, protocols: protocols)
        return (answer.memberID, again)
    }

    /// A stable group of that many members; the leader first.
    func stable(_ count: Int, instances: [String?]? = nil) throws -> (members: [String], generation: Int32) {
        var tokens: [ReplyToken] = []
        for number in 0..<count {
            if let instance = instances?[number] {
                tokens.append(join(instance: instance))
            } else {
                tokens.append(try joinTwice().token)
            }
        }
        for _ in 0..<12 where state == .preparingRebalance { advance(settings.initialRebalanceDelayMilliseconds) }
        let answers = try tokens.map { try #require(joins[$0]) }
        let leader = try #require(answers.first { $0.leader == $0.memberID })
        #expect(leader.members.count == count)
        let assignments = Dictionary(uniqueKeysWithValues: leader.members.map { ($0.memberID, "for \($0.memberID)") })
        let syncs = answers.map {
            sync($0.memberID, $0.generationID, $0.memberID == leader.memberID ? assignments : [:])
        }
        for (answer, token) in zip(answers, syncs) {
            #expect(self.syncs[token]?.assignment == ByteBuffer(string: "for \(answer.memberID)"))
        }
        #expect(state == .stable)
        return ([leader.memberID] + answers.map(\.memberID).filter { $0 != leader.memberID }, leader.generationID)
    }
}

/// A consumer's subscription, version 0 of the consumer protocol.
func subscription(_ topics: [String]) -> [UInt8] {
    var writer = WireWriter()
    writer.integer(Int16(0))
    writer.strings(topics, flexible: false)
    writer.integer(Int32(-1))
    return Array(writer.buffer.readableBytesView)
}
