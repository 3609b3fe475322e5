internal import KafkaProtocol

/// How a fetch relates to sessions: what it is to read, and what of that it is to be told.
///
/// Source: Apache Kafka, `FetchManager.newContext`.
enum FetchContext: Sendable {
    /// Without a session: everything is told.
    case sessionless([FetchSession.Item])
    /// Names everything, and asks for a session.
    case full([FetchSession.Item], usesIDs: Bool)
    /// The next request of a session.
    case incremental(FetchSession, epoch: Int32, [FetchSession.Item])

    /// What is to be read, in the order in which it is to be looked at.
    var items: [FetchSession.Item] {
        switch self {
        case .sessionless(let items), .full(let items, _), .incremental(_, _, let items): items
        }
    }

    init(_ request: FetchRequest, version: Int16, _ cache: FetchSessionCache) throws(FetchSessionRefusal) {
        let usesIDs = version >= 13
        let items = request.topics.flatMap { topic in
            topic.partitions.map { partition in
                FetchSession.Item(
                    key: FetchSession.Key(name: topic.name, id: topic.id, partition: partition.index), asked: partition)
            }
        }
        if request.sessionEpoch == 0 || request.sessionEpoch == -1 {
            // Whoever names everything is done with the session it had.
            if request.sessionID != 0 { cache.remove(request.sessionID) }
            self = request.sessionEpoch == -1 ? .sessionless(items) : .full(items, usesIDs: usesIDs)
            return
        }
        guard let session = cache.session(request.sessionID) else {
            throw FetchSessionRefusal(code: .fetchSessionIDNotFound)
        }
        let forgotten = request.forgottenTopics.flatMap { topic in
            topic.partitions.map { FetchSession.Key(name: topic.name, id: topic.id, partition: $0) }
        }
        let taken = try session.take(request, items, forgotten: forgotten, usesIDs: usesIDs).get()
        if taken.items.isEmpty {
            cache.remove(session.id)
            self = .sessionless(items)
            return
        }
        // Too large: the client comes back with a full fetch, which is answered without a session.
        guard cache.touch(session) else { throw FetchSessionRefusal(code: .fetchSessionIDNotFound) }
        self = .incremental(session, epoch: taken.epoch, taken.items)
    }

    /// The answer, of what was read for `items`, in their order.
    func response(_ partitions: [FetchResponse.Partition], _ cache: FetchSessionCache) -> FetchResponse {
        let answered = Array(zip(items, partitions))
        switch self {
        case .sessionless: return Self.response(sessionID: 0, answered)
        case .full(_, let usesIDs):
            return Self.response(sessionID: cache.begin(usesIDs: usesIDs, answered), answered)
        case .incremental(let session, let epoch, _):
            guard let told = session.tell(answered, epoch: epoch) else {
                return FetchResponse(errorCode: .invalidFetchSessionEpoch, sessionID: session.id)
            }
            return Self.response(sessionID: session.id, told)
        }
    }

    /// The answer to a client that has had its share for now: nothing, and how long to wait.
    func throttled(milliseconds: Int32) -> FetchResponse {
        guard case .incremental(let session, let epoch, _) = self else {
            return FetchResponse(throttleMilliseconds: milliseconds)
        }
        return FetchResponse(
            throttleMilliseconds: milliseconds,
            errorCode: session.isAt(epoch) ? .none : .invalidFetchSessionEpoch, sessionID: session.id)
    }

    private static func response(
        sessionID: Int32, _ answered: [(FetchSession.Item, FetchResponse.Partition)]
    ) -> FetchResponse {
        var response = FetchResponse(sessionID: sessionID)
        for (item, partition) in answered {
            if let last = response.topics.last, last.name == item.key.name, last.id == item.key.id {
                response.topics[response.topics.count - 1].partitions.append(partition)
            } else {
                response.topics.append(
                    FetchResponse.Topic(name: item.key.name, id: item.key.id, partitions: [partition]))
            }
        }
        return response
    }
}
