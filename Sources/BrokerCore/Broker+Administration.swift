internal import CommitLog
internal import KafkaProtocol
internal import Logging
internal import Primitives
internal import Synchronization

// Changes of topics, each made on the control thread, one after the other.
extension Broker {
    /// Makes a change; `done` gets what came of it, from any thread.
    func change<Value: Sendable>(
        _ work: @escaping @Sendable (TopicAdmin) throws(ChangeRefusal) -> Value,
        _ done: @escaping @Sendable (Result<Value, ChangeRefusal>) -> Void
    ) {
        let accepted = control.submit { admin in
            do throws(ChangeRefusal) { done(.success(try work(admin))) } catch { done(.failure(error)) }
        }
        if !accepted {
            done(.failure(ChangeRefusal(code: .kafkaStorageError, message: "the collector is stopping")))
        }
    }

    /// Deletes topics, all or none: they are gone for everybody when this returns, and durably so. All together, for
    /// each step waits for the disk.
    ///
    /// 1. The registry says so.
    /// 2. Nobody finds them any more; fetches that wait for them are answered, appends refused.
    /// 3. Their logs are closed on their threads, behind the appends that came before.
    /// 4. Their directories are renamed, and removed in the background.
    /// 5. The offsets that groups have in them go; where a crash comes before, at the next start.
    func delete(_ topics: [Topic], _ admin: TopicAdmin) throws(ChangeRefusal) {
        if topics.isEmpty { return }
        try admin.beginDeletions(of: topics.map(\.name))
        table.withLock { table in
            for topic in topics {
                table.byName[topic.name] = nil
                table.byID[topic.id] = nil
            }
        }
        let done = BlockingQueue<Void>()
        let partitions = topics.flatMap(\.partitions)
        for partition in partitions {
            partition.markDeleted()
            partition.storage.submit(.drop(key: partition.storageKey) { done.put(()) })
        }
        var left = partitions.count
        while left > 0, let closed = done.takeAll() { left -= closed.count }
        admin.finishDeletions()
        for topic in topics {
            forgetOffsets(of: topic.name)
            logger.info("topic deleted", metadata: ["topic": "\(topic.name)"])
        }
    }

    func grow(
        _ name: String, to count: Int32, validateOnly: Bool, _ admin: TopicAdmin
    ) throws(ChangeRefusal) {
        try refuseInternal(name)
        let added = try admin.grow(name, to: count, validateOnly: validateOnly)
        guard let topic = topic(named: name), !added.isEmpty else { return }
        let grown = Topic(name: name, id: topic.id, partitions: topic.partitions + added)
        table.withLock { table in
            table.byName[name] = grown
            table.byID[topic.id] = grown
        }
        logger.info("topic has more partitions", metadata: ["topic": "\(name)", "partitions": "\(count)"])
    }

    /// Gives a topic settings of its own, in force for whatever is handed to its partitions from now on.
    func alter(
        _ name: String, to settings: [(name: String, value: String)], validateOnly: Bool, _ admin: TopicAdmin
    ) throws(ChangeRefusal) {
        let resolved = try admin.alter(name, to: settings, validateOnly: validateOnly)
        if validateOnly { return }
        for partition in topic(named: name)?.partitions ?? [] {
            partition.update(resolved)
            partition.storage.submit(.withLog(key: partition.storageKey) { $0?.update(resolved.log) })
        }
        logger.info("topic altered", metadata: ["topic": "\(name)"])
    }
}
