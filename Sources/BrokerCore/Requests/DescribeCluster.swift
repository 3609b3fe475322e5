// DescribeCluster, versions 0 to 2: this node, which is all of the cluster.

internal import KafkaProtocol

extension Broker {
    func describeCluster(
        _ request: DescribeClusterRequest, _ client: ClientConnection, _ answer: (DescribeClusterResponse) -> Void
    ) {
        guard request.endpointType == .brokers else {
            let isController = request.endpointType == .controllers
            return answer(
                DescribeClusterResponse(
                    errorCode: isController ? .mismatchedEndpointType : .unsupportedEndpointType,
                    errorMessage: "this is a broker's endpoint", endpointType: .brokers))
        }
        let address = configuration.advertised ?? client.localAddress
        answer(
            DescribeClusterResponse(
                clusterID: clusterID, controllerID: configuration.nodeID,
                brokers: [
                    DescribeClusterResponse.Broker(nodeID: configuration.nodeID, host: address.host, port: address.port)
                ],
                clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
                    ? clusterOperations(for: client) : .min))
    }
}
