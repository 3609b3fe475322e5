internal import KafkaProtocol
internal import NIOCore

/// Names an answer that is held back. The table knows answers by this name only.
struct ReplyToken: Hashable, Sendable {
    let value: UInt64
}

/// A member of a group.
struct GroupMember: Sendable {
    struct KnownProtocol: Equatable, Sendable {
        var name: String
        /// What the member says about itself; means something to members only.
        var metadata: ByteBuffer
    }

    /// Whether, and how, the member waits for the next generation.
    enum Joining: Equatable, Sendable {
        case no
        case held(ReplyToken)
        /// It has joined, and its connection is gone: it counts as joined, and has its session's time to come back.
        case gone
    }

    var id: String
    var instanceID: String?
    var clientID: String
    var clientHost: String
    var rebalanceMilliseconds: Int64
    var sessionMilliseconds: Int64
    /// The most wanted first; names are unique.
    var protocols: [KnownProtocol]
    var assignment = ByteBuffer()
    /// Whether it has been in no generation yet.
    var isNew = false
    /// Whether it was told its id before it joined.
    var knowsItsID = true
    var joining = Joining.no
    /// The answer that waits for the leader's assignments.
    var sync: ReplyToken?
    /// Members are gone through in the order in which they came.
    var ordinal: UInt64 = 0

    var isAwaitingJoin: Bool { joining != .no }

    /// Whether its waiting stands for heartbeats. A new one may be given up while it waits.
    var satisfiesHeartbeat: Bool {
        if isNew { return false }
        if case .held = joining { return true }
        return sync != nil
    }

    /// About what it takes in memory.
    var bytes: Int {
        protocols.reduce(400 + 2 * id.utf8.count + clientID.utf8.count + assignment.readableBytes) {
            $0 + 64 + $1.name.utf8.count + $1.metadata.readableBytes
        }
    }

    func metadata(of name: String?) -> ByteBuffer {
        protocols.first { $0.name == name }?.metadata ?? ByteBuffer()
    }

    /// The protocols of a request, in memory of their own: a slice would keep the whole request.
    static func protocols(_ asked: [JoinGroupRequest.GroupProtocol]) -> [KnownProtocol] {
        var names: Set<String> = []
        return asked.compactMap { entry in
            guard names.insert(entry.name).inserted else { return nil }
            return KnownProtocol(name: entry.name, metadata: entry.metadata.copied)
        }
    }
}

extension ByteBuffer {
    /// The readable bytes in memory of their own.
    var copied: ByteBuffer { ByteBuffer(bytes: readableBytesView) }
}
