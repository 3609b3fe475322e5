package import KafkaProtocol

/// Something that rules can be about.
package struct Resource: Hashable, Sendable {
    package var type: ACLResourceType
    package var name: String

    package static func topic(_ name: String) -> Resource { Resource(type: .topic, name: name) }
    package static func group(_ name: String) -> Resource { Resource(type: .group, name: name) }
    package static func transactionalID(_ id: String) -> Resource { Resource(type: .transactionalID, name: id) }
    /// The collector as a whole, under the only name that Kafka gives to it.
    package static let cluster = Resource(type: .cluster, name: "kafka-cluster")
}

extension ACLResourceType {
    /// What can be done with a resource of this type, in the order of the operations' numbers.
    ///
    /// Source: Apache Kafka, `AclEntry.supportedOperations`.
    package var operations: [ACLOperation] {
        switch self {
        case .topic: [.read, .write, .create, .delete, .alter, .describe, .describeConfigs, .alterConfigs]
        case .group: [.read, .delete, .describe, .describeConfigs, .alterConfigs]
        case .cluster:
            [.create, .alter, .describe, .clusterAction, .describeConfigs, .alterConfigs, .idempotentWrite]
        case .transactionalID: [.write, .describe, .twoPhaseCommit]
        case .delegationToken: [.describe]
        case .user: [.createTokens, .describeTokens]
        default: []
        }
    }
}
