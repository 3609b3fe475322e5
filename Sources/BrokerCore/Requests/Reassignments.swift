// ElectLeaders, versions 0 to 2; AlterPartitionReassignments, versions 0 and 1; ListPartitionReassignments, version 0:
// what administrators of many brokers do. On one node every partition has its leader and is where it has to be, and the
// answers are those that Kafka gives then.
//
// Source: Apache Kafka, `ReplicationControlManager`.

internal import KafkaProtocol

extension Broker {
    func electLeaders(
        _ request: ElectLeadersRequest, _ client: ClientConnection, _ answer: (ElectLeadersResponse) -> Void
    ) {
        guard authorize(.alter, on: .cluster, for: client) else {
            return answer(ElectLeadersResponse(errorCode: .clusterAuthorizationFailed))
        }
        guard request.electionType == 0 || request.electionType == 1 else {
            return answer(ElectLeadersResponse(errorCode: .invalidRequest))
        }
        // Where all are asked for, those that need none are left out.
        let topics = (request.topics ?? []).map { topic in
            ElectLeadersResponse.Topic(
                name: topic.name,
                partitions: topic.partitions.map { index in
                    let isThere = partition(topic.name, index) != nil
                    return ElectLeadersResponse.Partition(
                        index: index, errorCode: isThere ? .electionNotNeeded : .unknownTopicOrPartition,
                        errorMessage: isThere ? "the only broker leads it" : "there is no \(topic.name)-\(index)")
                })
        }
        answer(ElectLeadersResponse(topics: topics))
    }

    func alterPartitionReassignments(
        _ request: AlterPartitionReassignmentsRequest, _ client: ClientConnection,
        _ answer: (AlterPartitionReassignmentsResponse) -> Void
    ) {
        guard authorize(.alter, on: .cluster, for: client) else {
            return answer(AlterPartitionReassignmentsResponse(errorCode: .clusterAuthorizationFailed))
        }
        let topics = request.topics.map { topic in
            AlterPartitionReassignmentsResponse.Topic(
                name: topic.name,
                partitions: topic.partitions.map { asked in
                    let problem = problem(asked, topic.name)
                    return AlterPartitionReassignmentsResponse.Partition(
                        index: asked.index, errorCode: problem?.code ?? .none, errorMessage: problem?.message)
                })
        }
        answer(
            AlterPartitionReassignmentsResponse(
                allowReplicationFactorChange: request.allowReplicationFactorChange, topics: topics))
    }

    private func problem(_ asked: AlterPartitionReassignmentsRequest.Partition, _ topic: String) -> ChangeRefusal? {
        guard partition(topic, asked.index) != nil else {
            return ChangeRefusal(
                code: .unknownTopicOrPartition, message: "there is no \(topic)-\(asked.index)")
        }
        guard let replicas = asked.replicas else {
            return ChangeRefusal(code: .noReassignmentInProgress, message: "the partition is not being moved")
        }
        if replicas == [configuration.nodeID] { return nil }
        return ChangeRefusal(
            code: .invalidReplicaAssignment, message: "there is one broker, \(configuration.nodeID), for one replica")
    }

    func listPartitionReassignments(
        _ request: ListPartitionReassignmentsRequest, _ client: ClientConnection,
        _ answer: (ListPartitionReassignmentsResponse) -> Void
    ) {
        let isAllowed = authorize(.describe, on: .cluster, for: client)
        answer(ListPartitionReassignmentsResponse(errorCode: isAllowed ? .none : .clusterAuthorizationFailed))
    }
}
