extension APIKey {
    /// The versions of this API that the module decodes and encodes; nil where it does not know the API's messages.
    package var spokenVersions: ClosedRange<Int16>? {
        switch self {
        case .produce: ProduceRequest.versions
        case .fetch: FetchRequest.versions
        case .listOffsets: ListOffsetsRequest.versions
        case .metadata: MetadataRequest.versions
        case .findCoordinator: FindCoordinatorRequest.versions
        case .apiVersions: ApiVersionsRequest.versions
        case .createTopics: CreateTopicsRequest.versions
        case .deleteTopics: DeleteTopicsRequest.versions
        case .initProducerID: InitProducerIDRequest.versions
        case .describeProducers: DescribeProducersRequest.versions
        case .createPartitions: CreatePartitionsRequest.versions
        case .deleteRecords: DeleteRecordsRequest.versions
        case .describeConfigs: DescribeConfigsRequest.versions
        case .alterConfigs: AlterConfigsRequest.versions
        case .incrementalAlterConfigs: IncrementalAlterConfigsRequest.versions
        case .joinGroup: JoinGroupRequest.versions
        case .syncGroup: SyncGroupRequest.versions
        case .heartbeat: HeartbeatRequest.versions
        case .leaveGroup: LeaveGroupRequest.versions
        case .offsetCommit: OffsetCommitRequest.versions
        case .offsetFetch: OffsetFetchRequest.versions
        case .offsetDelete: OffsetDeleteRequest.versions
        case .listGroups: ListGroupsRequest.versions
        case .describeGroups: DescribeGroupsRequest.versions
        case .deleteGroups: DeleteGroupsRequest.versions
        case .offsetForLeaderEpoch: OffsetForLeaderEpochRequest.versions
        case .describeCluster: DescribeClusterRequest.versions
        case .describeTopicPartitions: DescribeTopicPartitionsRequest.versions
        case .describeLogDirs: DescribeLogDirsRequest.versions
        case .describeACLs: DescribeACLsRequest.versions
        case .createACLs: CreateACLsRequest.versions
        case .deleteACLs: DeleteACLsRequest.versions
        case .electLeaders: ElectLeadersRequest.versions
        case .alterPartitionReassignments: AlterPartitionReassignmentsRequest.versions
        case .listPartitionReassignments: ListPartitionReassignmentsRequest.versions
        case .describeClientQuotas: DescribeClientQuotasRequest.versions
        case .alterClientQuotas: AlterClientQuotasRequest.versions
        case .alterReplicaLogDirs: AlterReplicaLogDirsRequest.versions
        case .describeUserSCRAMCredentials: DescribeUserSCRAMCredentialsRequest.versions
        case .alterUserSCRAMCredentials: AlterUserSCRAMCredentialsRequest.versions
        case .describeQuorum: DescribeQuorumRequest.versions
        case .updateFeatures: UpdateFeaturesRequest.versions
        case .unregisterBroker: UnregisterBrokerRequest.versions
        case .describeTransactions: DescribeTransactionsRequest.versions
        case .writeTxnMarkers: WriteTxnMarkersRequest.versions
        case .listTransactions: ListTransactionsRequest.versions
        case .listConfigResources: ListConfigResourcesRequest.versions
        case .createDelegationToken: CreateDelegationTokenRequest.versions
        case .renewDelegationToken: RenewDelegationTokenRequest.versions
        case .expireDelegationToken: ExpireDelegationTokenRequest.versions
        case .describeDelegationToken: DescribeDelegationTokenRequest.versions
        default: nil
        }
    }
}
