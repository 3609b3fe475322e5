package import Primitives

// Parts that Produce and Fetch share.

/// The leader that a client should turn to (KIP-951).
package struct LeaderIDAndEpoch: KafkaMessage, Equatable {
    package var leaderID: Int32
    package var leaderEpoch: LeaderEpoch

    package init(leaderID: Int32 = -1, leaderEpoch: LeaderEpoch = .unknown) {
        self.leaderID = leaderID
        self.leaderEpoch = leaderEpoch
    }

    // It occurs in flexible versions only.
    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        leaderID = try reader.integer()
        leaderEpoch = try reader.leaderEpoch()
        try reader.skipTaggedFields(flexible: true)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.integer(leaderID)
        writer.leaderEpoch(leaderEpoch)
        writer.noTaggedFields(flexible: true)
    }
}

/// Where a broker listens (KIP-951).
package struct NodeEndpoint: KafkaMessage, Equatable {
    package var nodeID: Int32
    package var host: String
    package var port: Int32
    package var rack: String?

    package init(nodeID: Int32, host: String, port: Int32, rack: String? = nil) {
        self.nodeID = nodeID
        self.host = host
        self.port = port
        self.rack = rack
    }

    // It occurs in flexible versions only.
    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        nodeID = try reader.integer()
        host = try reader.string(flexible: true)
        port = try reader.integer()
        rack = try reader.nullableString(flexible: true)
        try reader.skipTaggedFields(flexible: true)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.integer(nodeID)
        writer.string(host, flexible: true)
        writer.integer(port)
        writer.nullableString(rack, flexible: true)
        writer.noTaggedFields(flexible: true)
    }
}

/// Which records a reader gets (KIP-98).
package enum IsolationLevel: Int8, Sendable {
    case readUncommitted = 0
    case readCommitted = 1
}
