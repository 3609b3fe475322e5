internal import KafkaProtocol
internal import NIOCore
internal import Primitives

// A record of `__consumer_offsets`, laid out as Kafka lays it out, so that Kafka's own tools read it. No value at all
// deletes what the key names. Integers are big-endian; a string is an int16 length and UTF-8, bytes an int32 length.
//
//     offset key, version 0 or 1:   int16 version | string group | string topic | int32 partition
//     offset value, version 3:      int16 version | int64 offset | int32 leader epoch | string metadata
//                                   | int64 commit time
//     offset value, version 1:      int16 version | int64 offset | string metadata | int64 commit time
//                                   | int64 expiry time (where the client gave one)
//     group key, version 2:         int16 version | string group
//     group value, version 3:       int16 version | string protocol type | int32 generation | string? protocol
//                                   | string? leader | int64 time of the state | array of members:
//         string id | string? instance id | string client id | string client host | int32 rebalance timeout
//         | int32 session timeout | bytes subscription | bytes assignment
//
// Read are all versions that Kafka's brokers write, 0 to 4; 4 has compact lengths and tagged fields. Other keys, of
// Kafka's newer kinds of groups, are left alone. Source: group-coordinator/src/main/resources/common/message.

enum GroupRecord: Equatable, Sendable {
    case offset(OffsetKey, CommittedOffset?)
    case group(String, GroupMetadata?)
}

struct OffsetKey: Hashable, Sendable {
    var group: String
    var topic: String
    var partition: Int32
}

/// A generation of a group, as it outlives the collector.
struct GroupMetadata: Equatable, Sendable {
    struct Member: Equatable, Sendable {
        var id: String
        var instanceID: String?
        var clientID: String
        var clientHost: String
        var rebalanceMilliseconds: Int32
        var sessionMilliseconds: Int32
        var subscription: ByteBuffer
        var assignment: ByteBuffer
    }

    var protocolType: String
    var generation: Int32
    var protocolName: String?
    var leader: String?
    /// When the group came into its state; `none` where that is not known.
    var since: Timestamp
    var members: [Member]
}

// MARK: Writing

extension GroupRecord {
    var key: ByteBuffer {
        var writer = WireWriter()
        switch self {
        case .offset(let key, _):
            writer.integer(Int16(1))
            writer.string(key.group, flexible: false)
            writer.string(key.topic, flexible: false)
            writer.integer(key.partition)
        case .group(let id, _):
            writer.integer(Int16(2))
            writer.string(id, flexible: false)
        }
        return writer.buffer
    }

    /// nil for a tombstone.
    var value: ByteBuffer? {
        var writer = WireWriter()
        switch self {
        case .offset(_, nil), .group(_, nil): return nil
        case .offset(_, let offset?): offset.write(to: &writer)
        case .group(_, let group?): group.write(to: &writer)
        }
        return writer.buffer
    }
}

extension CommittedOffset {
    fileprivate func write(to writer: inout WireWriter) {
        writer.integer(Int16(expireTime == nil ? 3 : 1))
        writer.offset(offset)
        if expireTime == nil { writer.leaderEpoch(leaderEpoch) }
        writer.string(metadata, flexible: false)
        writer.timestamp(commitTime)
        if let expireTime { writer.timestamp(expireTime) }
    }
}

extension GroupMetadata {
    fileprivate func write(to writer: inout WireWriter) {
        writer.integer(Int16(3))
        writer.string(protocolType, flexible: false)
        writer.integer(generation)
        writer.nullableString(protocolName, flexible: false)
        writer.nullableString(leader, flexible: false)
        writer.timestamp(since)
        writer.array(members, flexible: false) { writer, member in
            writer.string(member.id, flexible: false)
            writer.nullableString(member.instanceID, flexible: false)
            writer.string(member.clientID, flexible: false)
            writer.string(member.clientHost, flexible: false)
            writer.integer(member.rebalanceMilliseconds)
            writer.integer(member.sessionMilliseconds)
            writer.bytes(member.subscription, flexible: false)
            writer.bytes(member.assignment, flexible: false)
        }
    }
}

// MARK: Reading

extension GroupRecord {
    /// - Returns: nil for a kind of record that is not ours to understand.
    init?(key: ByteBuffer, value: ByteBuffer?) throws(WireError) {
        var reader = WireReader(key)
        switch try reader.integer(Int16.self) {
        case 0, 1:
            let key = OffsetKey(
                group: try reader.string(flexible: false), topic: try reader.string(flexible: false),
                partition: try reader.integer())
            guard let value else {
                self = .offset(key, nil)
                return
            }
            var fields = WireReader(value)
            self = .offset(key, try CommittedOffset(from: &fields))
        case 2:
            let id = try reader.string(flexible: false)
            guard let value else {
                self = .group(id, nil)
                return
            }
            var fields = WireReader(value)
            self = .group(id, try GroupMetadata(from: &fields))
        default: return nil
        }
    }
}

extension CommittedOffset {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        let version = try reader.knownVersion()
        offset = try reader.offset()
        leaderEpoch = try version >= 3 ? reader.leaderEpoch() : .unknown
        metadata = try reader.string(flexible: version >= 4)
        commitTime = try reader.timestamp()
        let expiry = try version == 1 ? reader.timestamp() : .none
        expireTime = expiry == .none ? nil : expiry
        try reader.skipTaggedFields(flexible: version >= 4)
    }
}

extension GroupMetadata {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        let version = try reader.knownVersion()
        let flexible = version >= 4
        protocolType = try reader.string(flexible: flexible)
        generation = try reader.integer()
        protocolName = try reader.nullableString(flexible: flexible)
        leader = try reader.nullableString(flexible: flexible)
        since = try version >= 2 ? reader.timestamp() : .none
        members = try reader.array(flexible: flexible, minimumElementSize: 12) { reader throws(WireError) in
            try Member(from: &reader, version: version)
        }
        try reader.skipTaggedFields(flexible: flexible)
    }
}

extension GroupMetadata.Member {
    fileprivate init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = version >= 4
        id = try reader.string(flexible: flexible)
        instanceID = try version >= 3 ? reader.nullableString(flexible: flexible) : nil
        clientID = try reader.string(flexible: flexible)
        clientHost = try reader.string(flexible: flexible)
        let rebalance: Int32 = try version >= 1 ? reader.integer() : -1
        sessionMilliseconds = try reader.integer()
        rebalanceMilliseconds = rebalance == -1 ? sessionMilliseconds : rebalance
        subscription = try reader.bytes(flexible: flexible)
        assignment = try reader.bytes(flexible: flexible)
        try reader.skipTaggedFields(flexible: flexible)
    }
}

extension WireReader {
    fileprivate mutating func knownVersion() throws(WireError) -> Int16 {
        let version = try integer(Int16.self)
        guard (0...4).contains(version) else { throw fail(.unsupportedVersion(version)) }
        return version
    }
}
