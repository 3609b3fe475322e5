// DescribeLogDirs, versions 1 to 5: the data directory, the room that partitions take in it, and the room that is left.

internal import CommitLog
internal import FileAccess
internal import KafkaProtocol
internal import Synchronization
internal import SystemPackage

extension Broker {
    func describeLogDirs(
        _ request: DescribeLogDirsRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (DescribeLogDirsResponse) -> Void
    ) {
        guard authorize(.describe, on: .cluster, for: client) else {
            return answer(DescribeLogDirsResponse(errorCode: .clusterAuthorizationFailed))
        }
        typealias Described = DescribeLogDirsResponse
        // Asks the file system, which may block.
        change { [self] admin throws(ChangeRefusal) -> Described.Directory in
            let known = table.withLock { $0.byName }
            let wanted: [(Topic, Set<Int32>?)] =
                request.topics.map { asked in
                    asked.compactMap { asked in known[asked.name].map { ($0, Set(asked.partitions)) } }
                } ?? known.values.sorted { $0.name < $1.name }.map { ($0, nil) }
            let topics = wanted.map { topic, indexes in
                Described.Topic(
                    name: topic.name,
                    partitions: topic.partitions.filter { indexes?.contains($0.index) ?? true }.map { partition in
                        Described.Partition(index: partition.index, sizeBytes: partition.log.view.bytes)
                    })
            }
            let space = try? admin.fileSystem.space(at: configuration.dataDirectory)
            return Described.Directory(
                path: configuration.dataDirectory.string, topics: topics.filter { !$0.partitions.isEmpty },
                totalBytes: space.map { Int64(clamping: $0.capacity) } ?? -1,
                usableBytes: space.map { Int64(clamping: $0.available) } ?? -1)
        } _: { result in
            switch result {
            case .success(let directory): answer(Described(results: [directory]))
            case .failure(let refusal): answer(Described(errorCode: refusal.code))
            }
        }
    }
}
