// DeleteTopics, versions 0 to 6: by name, and from 6 on by id too.

internal import KafkaProtocol
internal import Primitives

extension Broker {
    func deleteTopics(
        _ request: DeleteTopicsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (DeleteTopicsResponse) -> Void
    ) {
        let gathered = Gathering<DeleteTopicsResponse.Topic>(count: request.topics.count) { topics in
            answer(DeleteTopicsResponse(topics: topics))
        }
        for (index, asked) in request.topics.enumerated() {
            guard (asked.name == nil) != (asked.id == .zero) else {
                let refused = response(asked, ChangeRefusal(code: .invalidRequest, message: "name or id, one of them"))
                gathered.put(refused, at: index)
                continue
            }
            change { [self] admin throws(ChangeRefusal) -> Topic in
                let found = asked.name.map { topic(named: $0) } ?? topic(id: asked.id)
                if let refused = refusal(asked, found, client) { throw refused }
                guard let found else {
                    throw asked.name.map { .unknown($0) }
                        ?? ChangeRefusal(code: .unknownTopicID, message: "there is no topic of this id")
                }
                try delete(found, admin)
                return found
            } _: { [self] result in
                switch result {
                case .success(let topic):
                    gathered.put(DeleteTopicsResponse.Topic(name: topic.name, id: topic.id), at: index)
                case .failure(let refusal): gathered.put(response(asked, refusal), at: index)
                }
            }
        }
    }

    /// Why the topic must not be deleted. By name it makes no difference whether there is one; who asks by an id that
    /// is none learns so, for ids are no secret.
    private func refusal(
        _ asked: DeleteTopicsRequest.Topic, _ found: Topic?, _ client: ClientConnection
    ) -> ChangeRefusal? {
        guard let name = asked.name ?? found?.name, !authorize(.delete, on: .topic(name), for: client) else {
            return nil
        }
        return ChangeRefusal(code: .topicAuthorizationFailed, message: "not allowed to delete the topic")
    }

    private func response(_ asked: DeleteTopicsRequest.Topic, _ refusal: ChangeRefusal) -> DeleteTopicsResponse.Topic {
        DeleteTopicsResponse.Topic(
            name: asked.name, id: asked.id, errorCode: refusal.code, errorMessage: refusal.message)
    }
}
