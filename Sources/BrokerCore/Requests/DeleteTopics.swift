// DeleteTopics, versions 0 to 6: by name, and from 6 on by id too.

internal import KafkaProtocol
internal import Primitives

extension Broker {
    func deleteTopics(
        _ request: DeleteTopicsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (DeleteTopicsResponse) -> Void
    ) {
        change { [self] admin throws(ChangeRefusal) -> [DeleteTopicsResponse.Topic] in
            var going: [Topic] = []
            let asked = request.topics.map { asked in
                do throws(ChangeRefusal) {
                    let topic = try deletable(asked, client)
                    // Named twice, it is not there any more the second time.
                    if going.contains(where: { $0.id == topic.id }) { throw .unknown(topic.name) }
                    going.append(topic)
                    return DeleteTopicsResponse.Topic(name: topic.name, id: topic.id)
                } catch {
                    return response(asked, error)
                }
            }
            do throws(ChangeRefusal) { try delete(going, admin) } catch {
                return zip(request.topics, asked).map { $1.errorCode == .none ? response($0, error) : $1 }
            }
            return asked
        } _: { [self] result in
            switch result {
            case .success(let topics): answer(DeleteTopicsResponse(topics: topics))
            case .failure(let refusal):
                answer(DeleteTopicsResponse(topics: request.topics.map { response($0, refusal) }))
            }
        }
    }

    /// The topic as it is now: on the control thread, where all changes are made.
    private func deletable(
        _ asked: DeleteTopicsRequest.Topic, _ client: ClientConnection
    ) throws(ChangeRefusal) -> Topic {
        guard (asked.name == nil) != (asked.id == .zero) else {
            throw ChangeRefusal(code: .invalidRequest, message: "name or id, one of them")
        }
        let found = asked.name.map { topic(named: $0) } ?? topic(id: asked.id)
        if let refused = refusal(asked, found, client) { throw refused }
        guard let found else {
            throw asked.name.map { .unknown($0) }
                ?? ChangeRefusal(code: .unknownTopicID, message: "there is no topic of this id")
        }
        try refuseInternal(found.name)
        return found
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
