// Fetch, versions 4 to 18: by topic name up to 12, by topic id from 13; with sessions (KIP-227) from 7.

internal import CommitLog
internal import KafkaProtocol
internal import NIOCore
internal import Primitives
internal import Synchronization

extension Broker {
    func fetch(
        _ request: FetchRequest, _ header: RequestHeader, _ client: ClientConnection,
        _ answer: @escaping @Sendable (FetchResponse) -> Void
    ) {
        let context: FetchContext
        do throws(FetchSessionRefusal) {
            context = try FetchContext(request, version: header.apiVersion, fetchSessions)
        } catch {
            return answer(FetchResponse(errorCode: error.code))
        }
        let share = quotas.share(.fetch, of: client, clientID: header.clientID)
        let limits = FetchOperation.Limits(request, atMost: share.mostBytes)
        let targets = targets(context.items, usesIDs: header.apiVersion >= 13, client)
        FetchOperation(
            limits, targets, client: client, readers: readers, memory: responseMemory, logger: logger
        ) { [fetchSessions] partitions in
            guard let partitions else { return answer(FetchResponse()) }
            let bytes = partitions.reduce(0) { $0 + ($1.records?.readableBytes ?? 0) }
            let throttle = share.take(bytes, orNothing: true)
            guard throttle == 0 else {
                // The answer first, then silence (KIP-219).
                client.mute(milliseconds: throttle)
                return answer(context.throttled(milliseconds: throttle))
            }
            answer(context.response(partitions, fetchSessions))
        }
        .start(scheduler)
    }

    private func targets(
        _ items: [FetchSession.Item], usesIDs: Bool, _ client: ClientConnection
    ) -> [FetchOperation.Target] {
        let topics = table.withLock { $0 }
        // Most of a request's partitions are of the topic of the one before.
        var last: (name: String, id: TopicID, found: Result<Topic, FetchSessionRefusal>)?
        return items.map { item in
            let found: Result<Topic, FetchSessionRefusal>
            if let last, last.name == item.key.name, last.id == item.key.id {
                found = last.found
            } else {
                found = topic(item.key, in: topics, usesIDs: usesIDs, client)
                last = (item.key.name, item.key.id, found)
            }
            return target(item.asked, found)
        }
    }

    private func topic(
        _ key: FetchSession.Key, in topics: TopicTable, usesIDs: Bool, _ client: ClientConnection
    ) -> Result<Topic, FetchSessionRefusal> {
        let found = usesIDs ? topics.byID[key.id] : topics.byName[key.name]
        // Of an id that is none there is no name to ask about: ids are no secret.
        if let name = found?.name ?? (usesIDs ? nil : key.name), !authorize(.read, on: .topic(name), for: client) {
            return .failure(FetchSessionRefusal(code: .topicAuthorizationFailed))
        }
        guard let found else {
            return .failure(FetchSessionRefusal(code: usesIDs ? .unknownTopicID : .unknownTopicOrPartition))
        }
        return .success(found)
    }

    private func target(
        _ asked: FetchRequest.Partition, _ found: Result<Topic, FetchSessionRefusal>
    ) -> FetchOperation.Target {
        switch found {
        case .failure(let refusal): return FetchOperation.Target(asked: asked, partition: .failure(refusal.code))
        case .success(let topic):
            guard topic.partitions.indices.contains(Int(asked.index)) else {
                return FetchOperation.Target(asked: asked, partition: .failure(.unknownTopicOrPartition))
            }
            let partition = topic.partitions[Int(asked.index)]
            guard partition.failure == nil else {
                return FetchOperation.Target(asked: asked, partition: .failure(.kafkaStorageError))
            }
            if let refused = partition.log.view.leaderEpoch.refusal(of: asked.currentLeaderEpoch) {
                return FetchOperation.Target(asked: asked, partition: .failure(refused))
            }
            return FetchOperation.Target(asked: asked, partition: .success(partition))
        }
    }
}
