internal import CommitLog
internal import FileAccess
internal import KafkaProtocol
internal import Logging
package import NIOCore
internal import Primitives

extension Broker {
    /// Every API that is answered, with the versions told to clients.
    static let apis: [ApiVersionsResponse.API] = [
        api(ProduceRequest.self), api(FetchRequest.self), api(ListOffsetsRequest.self), api(MetadataRequest.self),
        api(FindCoordinatorRequest.self), api(ApiVersionsRequest.self), api(CreateTopicsRequest.self),
        api(InitProducerIDRequest.self), api(DescribeProducersRequest.self), api(DeleteTopicsRequest.self),
        api(CreatePartitionsRequest.self), api(DeleteRecordsRequest.self), api(DescribeConfigsRequest.self),
        api(AlterConfigsRequest.self), api(IncrementalAlterConfigsRequest.self),
        api(JoinGroupRequest.self), api(SyncGroupRequest.self), api(HeartbeatRequest.self),
        api(LeaveGroupRequest.self), api(OffsetCommitRequest.self), api(OffsetFetchRequest.self),
        api(OffsetDeleteRequest.self), api(ListGroupsRequest.self), api(DescribeGroupsRequest.self),
        api(DeleteGroupsRequest.self),
        api(DescribeACLsRequest.self), api(CreateACLsRequest.self), api(DeleteACLsRequest.self),
        api(DescribeClusterRequest.self),
        api(DescribeTopicPartitionsRequest.self),
        api(OffsetForLeaderEpochRequest.self),
        api(DescribeLogDirsRequest.self),
        api(ElectLeadersRequest.self),
        api(AlterPartitionReassignmentsRequest.self),
        api(ListPartitionReassignmentsRequest.self),
        api(DescribeClientQuotasRequest.self),
        api(AlterClientQuotasRequest.self),
        api(AlterReplicaLogDirsRequest.self),
        api(DescribeUserSCRAMCredentialsRequest.self), api(AlterUserSCRAMCredentialsRequest.self),
        api(DescribeQuorumRequest.self), api(UpdateFeaturesRequest.self), api(UnregisterBrokerRequest.self),
        api(DescribeTransactionsRequest.self), api(ListTransactionsRequest.self), api(WriteTxnMarkersRequest.self),
        api(ListConfigResourcesRequest.self),
        api(CreateDelegationTokenRequest.self), api(RenewDelegationTokenRequest.self),
        api(ExpireDelegationTokenRequest.self), api(DescribeDelegationTokenRequest.self),
    ]

    private static func api<Request: KafkaRequest>(_: Request.Type) -> ApiVersionsResponse.API {
        ApiVersionsResponse.API(
            key: Request.key, minVersion: Request.advertisedVersions.lowerBound,
            maxVersion: Request.advertisedVersions.upperBound)
    }

    /// Starts a request. Requests of one connection are to be handed in in their order.
    ///
    /// - Parameters:
    ///   - frame: the request without its length.
    ///   - reply: called exactly once, from any thread, perhaps before this returns.
    package func handle(_ frame: ByteBuffer, from client: ClientConnection, reply: @escaping @Sendable (Reply) -> Void)
    {
        do throws(WireError) {
            try dispatch(try RequestFrame(frame), client, reply)
        } catch {
            reply(.close(reason: "not a request that can be read: \(error)"))
        }
    }

    private func dispatch(
        _ frame: RequestFrame, _ client: ClientConnection, _ reply: @escaping @Sendable (Reply) -> Void
    ) throws(WireError) {
        guard frame.isSpoken else { return reply(answerUnspoken(frame.header)) }
        let header = frame.header
        switch header.apiKey {
        case .produce: produce(try frame.decode(), header, client, frame.byteCount, reply)
        case .fetch: fetch(try frame.decode(), header, client, answer(FetchRequest.self, header, reply))
        case .listOffsets: listOffsets(try frame.decode(), client, answer(ListOffsetsRequest.self, header, reply))
        case .metadata: metadata(try frame.decode(), header, client, answer(MetadataRequest.self, header, reply))
        case .findCoordinator:
            findCoordinator(try frame.decode(), client, answer(FindCoordinatorRequest.self, header, reply))
        case .apiVersions: apiVersions(try frame.decode(), answer(ApiVersionsRequest.self, header, reply))
        case .createTopics: createTopics(try frame.decode(), client, answer(CreateTopicsRequest.self, header, reply))
        case .initProducerID:
            initProducerID(try frame.decode(), client, answer(InitProducerIDRequest.self, header, reply))
        case .describeProducers:
            describeProducers(try frame.decode(), client, answer(DescribeProducersRequest.self, header, reply))
        case .deleteTopics:
            deleteTopics(try frame.decode(), client, answer(DeleteTopicsRequest.self, header, reply))
        case .createPartitions:
            createPartitions(try frame.decode(), client, answer(CreatePartitionsRequest.self, header, reply))
        case .deleteRecords:
            deleteRecords(try frame.decode(), client, answer(DeleteRecordsRequest.self, header, reply))
        case .describeConfigs:
            describeConfigs(try frame.decode(), client, answer(DescribeConfigsRequest.self, header, reply))
        case .alterConfigs:
            alterConfigs(try frame.decode(), client, answer(AlterConfigsRequest.self, header, reply))
        case .incrementalAlterConfigs:
            incrementalAlterConfigs(
                try frame.decode(), client, answer(IncrementalAlterConfigsRequest.self, header, reply))
        default: try dispatchAdministration(frame, client, reply)
        }
    }

    private func dispatchAdministration(
        _ frame: RequestFrame, _ client: ClientConnection, _ reply: @escaping @Sendable (Reply) -> Void
    ) throws(WireError) {
        let header = frame.header
        switch header.apiKey {
        case .describeACLs: describeACLs(try frame.decode(), client, answer(DescribeACLsRequest.self, header, reply))
        case .createACLs: createACLs(try frame.decode(), client, answer(CreateACLsRequest.self, header, reply))
        case .deleteACLs: deleteACLs(try frame.decode(), client, answer(DeleteACLsRequest.self, header, reply))
        case .describeCluster:
            describeCluster(try frame.decode(), client, answer(DescribeClusterRequest.self, header, reply))
        case .describeTopicPartitions:
            describeTopicPartitions(
                try frame.decode(), client, answer(DescribeTopicPartitionsRequest.self, header, reply))
        case .offsetForLeaderEpoch:
            offsetForLeaderEpoch(try frame.decode(), client, answer(OffsetForLeaderEpochRequest.self, header, reply))
        case .describeLogDirs:
            describeLogDirs(try frame.decode(), client, answer(DescribeLogDirsRequest.self, header, reply))
        case .electLeaders:
            electLeaders(try frame.decode(), client, answer(ElectLeadersRequest.self, header, reply))
        case .alterPartitionReassignments:
            alterPartitionReassignments(
                try frame.decode(), client, answer(AlterPartitionReassignmentsRequest.self, header, reply))
        case .listPartitionReassignments:
            listPartitionReassignments(
                try frame.decode(), client, answer(ListPartitionReassignmentsRequest.self, header, reply))
        case .describeClientQuotas:
            describeClientQuotas(try frame.decode(), client, answer(DescribeClientQuotasRequest.self, header, reply))
        case .alterClientQuotas:
            alterClientQuotas(try frame.decode(), client, answer(AlterClientQuotasRequest.self, header, reply))
        case .listConfigResources:
            listConfigResources(
                try frame.decode(), header, client, answer(ListConfigResourcesRequest.self, header, reply))
        default: try dispatchWhatIsNotHere(frame, client, reply)
        }
    }

    /// What administrators ask of clusters, and of which there is nothing, or little, to say here.
    private func dispatchWhatIsNotHere(
        _ frame: RequestFrame, _ client: ClientConnection, _ reply: @escaping @Sendable (Reply) -> Void
    ) throws(WireError) {
        let header = frame.header
        switch header.apiKey {
        case .alterReplicaLogDirs:
            alterReplicaLogDirs(try frame.decode(), client, answer(AlterReplicaLogDirsRequest.self, header, reply))
        case .describeUserSCRAMCredentials:
            describeUserSCRAMCredentials(
                try frame.decode(), client, answer(DescribeUserSCRAMCredentialsRequest.self, header, reply))
        case .alterUserSCRAMCredentials:
            alterUserSCRAMCredentials(
                try frame.decode(), client, answer(AlterUserSCRAMCredentialsRequest.self, header, reply))
        case .describeQuorum:
            describeQuorum(try frame.decode(), client, answer(DescribeQuorumRequest.self, header, reply))
        case .updateFeatures:
            updateFeatures(try frame.decode(), client, answer(UpdateFeaturesRequest.self, header, reply))
        case .unregisterBroker:
            unregisterBroker(try frame.decode(), client, answer(UnregisterBrokerRequest.self, header, reply))
        case .describeTransactions:
            describeTransactions(try frame.decode(), client, answer(DescribeTransactionsRequest.self, header, reply))
        case .listTransactions:
            listTransactions(try frame.decode(), answer(ListTransactionsRequest.self, header, reply))
        case .writeTxnMarkers:
            writeTxnMarkers(try frame.decode(), client, answer(WriteTxnMarkersRequest.self, header, reply))
        case .createDelegationToken:
            createDelegationToken(try frame.decode(), client, answer(CreateDelegationTokenRequest.self, header, reply))
        case .renewDelegationToken:
            renewDelegationToken(try frame.decode(), answer(RenewDelegationTokenRequest.self, header, reply))
        case .expireDelegationToken:
            expireDelegationToken(try frame.decode(), answer(ExpireDelegationTokenRequest.self, header, reply))
        case .describeDelegationToken:
            describeDelegationToken(try frame.decode(), answer(DescribeDelegationTokenRequest.self, header, reply))
        default: try dispatchGroups(frame, client, reply)
        }
    }

    /// What the coordinator of groups answers.
    private func dispatchGroups(
        _ frame: RequestFrame, _ client: ClientConnection, _ reply: @escaping @Sendable (Reply) -> Void
    ) throws(WireError) {
        let header = frame.header
        switch header.apiKey {
        case .joinGroup: joinGroup(try frame.decode(), header, client, answer(JoinGroupRequest.self, header, reply))
        case .syncGroup: syncGroup(try frame.decode(), client, answer(SyncGroupRequest.self, header, reply))
        case .heartbeat: heartbeat(try frame.decode(), client, answer(HeartbeatRequest.self, header, reply))
        case .leaveGroup: leaveGroup(try frame.decode(), client, answer(LeaveGroupRequest.self, header, reply))
        case .offsetCommit:
            offsetCommit(try frame.decode(), header, client, answer(OffsetCommitRequest.self, header, reply))
        case .offsetFetch:
            offsetFetch(try frame.decode(), header, client, answer(OffsetFetchRequest.self, header, reply))
        case .offsetDelete: offsetDelete(try frame.decode(), client, answer(OffsetDeleteRequest.self, header, reply))
        case .listGroups: listGroups(try frame.decode(), client, answer(ListGroupsRequest.self, header, reply))
        case .describeGroups:
            describeGroups(try frame.decode(), header, client, answer(DescribeGroupsRequest.self, header, reply))
        case .deleteGroups: deleteGroups(try frame.decode(), client, answer(DeleteGroupsRequest.self, header, reply))
        default: reply(answerUnspoken(header))
        }
    }

    /// A typed way to answer a request.
    func answer<Request: KafkaRequest>(
        _: Request.Type, _ header: RequestHeader, _ reply: @escaping @Sendable (Reply) -> Void
    ) -> @Sendable (Request.Response) -> Void {
        { [responseMemory] response in
            let frame = Request.frame(response, version: header.apiVersion, correlationID: header.correlationID)
            responseMemory.add(frame.readableBytes)
            reply(.frame(frame))
        }
    }

    /// An API or version that is not spoken here: ApiVersions is answered so that the client can choose another
    /// (KIP-511); anything else ends the connection, as with Kafka, but with a reason in the log.
    private func answerUnspoken(_ header: RequestHeader) -> Reply {
        if header.apiKey == .apiVersions {
            let response = ApiVersionsResponse(errorCode: .unsupportedVersion, apis: Self.apis)
            let frame = ApiVersionsRequest.frame(response, version: 0, correlationID: header.correlationID)
            responseMemory.add(frame.readableBytes)
            return .frame(frame)
        }
        // What Produce is advertised from (see ProduceRequest.advertisedVersions), but not spoken.
        return .close(reason: "\(header.apiKey) version \(header.apiVersion) is not spoken")
    }
}
