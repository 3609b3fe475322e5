// AlterReplicaLogDirs, versions 0 to 2: moves partitions between directories of the broker. There is one directory: to
// move a partition where it is already is done at once, and another directory is not found.
//
// Source: Apache Kafka, `ReplicaManager.alterReplicaLogDirs`, which asks for the directory before the partition, and takes
// the last directory where a partition is named with several.

internal import KafkaProtocol
internal import SystemPackage

extension Broker {
    func alterReplicaLogDirs(
        _ request: AlterReplicaLogDirsRequest, _ client: ClientConnection,
        _ answer: (AlterReplicaLogDirsResponse) -> Void
    ) {
        let isAllowed = authorize(.alter, on: .cluster, for: client)
        let own = configuration.dataDirectory.lexicallyNormalized()
        var names: [String] = []
        var codes: [String: [Int32: ErrorCode]] = [:]
        for directory in request.directories {
            let isOwn = FilePath(directory.path).lexicallyNormalized() == own
            for topic in directory.topics {
                if codes[topic.name] == nil { names.append(topic.name) }
                for index in topic.partitions {
                    let code: ErrorCode =
                        if !isAllowed {
                            .clusterAuthorizationFailed
                        } else if isOwn {
                            codeOfStaying(topic.name, index)
                        } else {
                            .logDirNotFound
                        }
                    codes[topic.name, default: [:]][index] = code
                }
            }
        }
        answer(
            AlterReplicaLogDirsResponse(
                topics: names.map { name in
                    AlterReplicaLogDirsResponse.Topic(
                        name: name,
                        partitions: (codes[name] ?? [:]).sorted { $0.key < $1.key }.map {
                            AlterReplicaLogDirsResponse.Partition(index: $0.key, errorCode: $0.value)
                        })
                }))
    }

    private func codeOfStaying(_ topic: String, _ index: Int32) -> ErrorCode {
        guard let partition = partition(topic, index) else { return .unknownTopicOrPartition }
        return partition.failure == nil ? .none : .kafkaStorageError
    }
}
