// CreatePartitions, versions 0 to 3. There is one node: assignments say how many partitions are new, and no more.

internal import KafkaProtocol
internal import Primitives

extension Broker {
    func createPartitions(
        _ request: CreatePartitionsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (CreatePartitionsResponse) -> Void
    ) {
        let gathered = Gathering<CreatePartitionsResponse.Topic>(count: request.topics.count) { topics in
            answer(CreatePartitionsResponse(topics: topics))
        }
        let names = request.topics.map(\.name)
        for (index, asked) in request.topics.enumerated() {
            let isTwice = names.count(where: { $0 == asked.name }) > 1
            change { [self] admin throws(ChangeRefusal) -> Void in
                if isTwice {
                    throw ChangeRefusal(code: .invalidRequest, message: "the topic is named twice in the request")
                }
                guard authorize(.alter, on: .topic(asked.name), for: client) else {
                    throw ChangeRefusal(code: .topicAuthorizationFailed, message: "not allowed to alter the topic")
                }
                if let assignments = asked.assignments, let topic = topic(named: asked.name),
                    assignments.count != Int(asked.partitionCount) - topic.partitions.count
                {
                    throw ChangeRefusal(
                        code: .invalidReplicaAssignment,
                        message: "\(assignments.count) assignments are not one for each new partition")
                }
                try grow(asked.name, to: asked.partitionCount, validateOnly: request.validateOnly, admin)
            } _: { result in
                switch result {
                case .success: gathered.put(CreatePartitionsResponse.Topic(name: asked.name), at: index)
                case .failure(let refusal):
                    gathered.put(
                        CreatePartitionsResponse.Topic(
                            name: asked.name, errorCode: refusal.code, errorMessage: refusal.message), at: index)
                }
            }
        }
    }
}
