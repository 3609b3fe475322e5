// ListConfigResources, versions 0 and 1: what has settings. Topics do, and the broker and what it logs; for groups and
// clients' metrics there is nothing to set here, so there are never any. Version 0 is about the last of them alone.
//
// Source: Apache Kafka, `KafkaApis.handleListConfigResources`; KIP-714, KIP-1142.

internal import KafkaProtocol
internal import Synchronization

extension Broker {
    func listConfigResources(
        _ request: ListConfigResourcesRequest, _ header: RequestHeader, _ client: ClientConnection,
        _ answer: (ListConfigResourcesResponse) -> Void
    ) {
        typealias Resource = ListConfigResourcesResponse.Resource
        guard authorize(.describeConfigs, on: .cluster, for: client) else {
            return answer(ListConfigResourcesResponse(errorCode: .clusterAuthorizationFailed))
        }
        let supported: [ConfigResourceType] =
            header.apiVersion == 0 ? [.clientMetrics] : [.topic, .broker, .brokerLogger, .clientMetrics, .group]
        let wanted = request.types.isEmpty ? Set(supported) : Set(request.types)
        guard wanted.isSubset(of: supported) else {
            return answer(ListConfigResourcesResponse(errorCode: .unsupportedVersion))
        }
        var resources = [ConfigResourceType.brokerLogger, .broker].filter(wanted.contains).map { type in
            Resource(name: String(configuration.nodeID), type: type)
        }
        if wanted.contains(.topic) {
            let names = table.withLock { $0.byName.keys.sorted() }
            resources += names.map { Resource(name: $0, type: .topic) }
        }
        answer(ListConfigResourcesResponse(resources: resources))
    }
}
