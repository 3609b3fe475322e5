// DescribeCluster, key 60: versions 0 to 2, flexible from 0 (KIP-700).
//
// 1  brokers or controllers (KIP-919)
// 2  fenced brokers (KIP-1073)

/// Asks which brokers there are.
package struct DescribeClusterRequest: KafkaRequest, Equatable {
    package typealias Response = DescribeClusterResponse

    package static var key: APIKey { .describeCluster }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 0 }

    package var includeClusterAuthorizedOperations: Bool
    package var endpointType: EndpointType
    package var includeFencedBrokers: Bool

    package init(
        includeClusterAuthorizedOperations: Bool = false, endpointType: EndpointType = .brokers,
        includeFencedBrokers: Bool = false
    ) {
        self.includeClusterAuthorizedOperations = includeClusterAuthorizedOperations
        self.endpointType = endpointType
        self.includeFencedBrokers = includeFencedBrokers
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeClusterRequest.isFlexible(version)
        includeClusterAuthorizedOperations = try reader.boolean()
        endpointType = try version >= 1 ? EndpointType(rawValue: reader.integer()) : .brokers
        includeFencedBrokers = try version >= 2 ? reader.boolean() : false
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeClusterRequest.isFlexible(version)
        writer.boolean(includeClusterAuthorizedOperations)
        if version >= 1 { writer.integer(endpointType.rawValue) }
        if version >= 2 { writer.boolean(includeFencedBrokers) }
        writer.noTaggedFields(flexible: flexible)
    }

    /// What kind of node is asked for. A value that is not among the named ones is kept as it came.
    package struct EndpointType: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int8

        package init(rawValue: Int8) { self.rawValue = rawValue }

        package static let brokers = EndpointType(rawValue: 1)
        package static let controllers = EndpointType(rawValue: 2)
    }
}

/// The brokers.
package struct DescribeClusterResponse: KafkaMessage, Equatable {
    package var throttleMilliseconds: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?
    package var endpointType: DescribeClusterRequest.EndpointType
    package var clusterID: String
    package var controllerID: Int32
    package var brokers: [Broker]
    /// A bit field; the least value where it was not asked for.
    package var clusterAuthorizedOperations: Int32

    package init(
        throttleMilliseconds: Int32 = 0, errorCode: ErrorCode = .none, errorMessage: String? = nil,
        endpointType: DescribeClusterRequest.EndpointType = .brokers, clusterID: String = "", controllerID: Int32 = -1,
        brokers: [Broker] = [], clusterAuthorizedOperations: Int32 = .min
    ) {
        self.throttleMilliseconds = throttleMilliseconds
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.endpointType = endpointType
        self.clusterID = clusterID
        self.controllerID = controllerID
        self.brokers = brokers
        self.clusterAuthorizedOperations = clusterAuthorizedOperations
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireError) {
        let flexible = DescribeClusterRequest.isFlexible(version)
        throttleMilliseconds = try reader.integer()
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString(flexible: flexible)
        endpointType = try version >= 1 ? DescribeClusterRequest.EndpointType(rawValue: reader.integer()) : .brokers
        clusterID = try reader.string(flexible: flexible)
        controllerID = try reader.integer()
        brokers = try reader.messages(flexible: flexible, version: version)
        clusterAuthorizedOperations = try reader.integer()
        try reader.skipTaggedFields(flexible: flexible)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        let flexible = DescribeClusterRequest.isFlexible(version)
        writer.integer(throttleMilliseconds)
        writer.errorCode(errorCode)
        writer.message(errorMessage, flexible: flexible)
        if version >= 1 { writer.integer(endpointType.rawValue) }
        writer.string(clusterID, flexible: flexible)
        writer.integer(controllerID)
        writer.messages(brokers, flexible: flexible, version: version)
        writer.integer(clusterAuthorizedOperations)
        writer.noTaggedFields(flexible: flexible)
    }

    /// A broker, and where it listens.
    package struct Broker: KafkaMessage, Equatable {
        package var nodeID: Int32
        package var host: String
        package var port: Int32
        package var rack: String?
        package var isFenced: Bool

        package init(nodeID: Int32, host: String, port: Int32, rack: String? = nil, isFenced: Bool = false) {
            self.nodeID = nodeID
            self.host = host
            self.port = port
            self.rack = rack
            self.isFenced = isFenced
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireError) {
            let flexible = DescribeClusterRequest.isFlexible(version)
            nodeID = try reader.integer()
            host = try reader.string(flexible: flexible)
            port = try reader.integer()
            rack = try reader.nullableString(flexible: flexible)
            isFenced = try version >= 2 ? reader.boolean() : false
            try reader.skipTaggedFields(flexible: flexible)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            let flexible = DescribeClusterRequest.isFlexible(version)
            writer.integer(nodeID)
            writer.string(host, flexible: flexible)
            writer.integer(port)
            writer.nullableString(rack, flexible: flexible)
            if version >= 2 { writer.boolean(isFenced) }
            writer.noTaggedFields(flexible: flexible)
        }
    }
}
