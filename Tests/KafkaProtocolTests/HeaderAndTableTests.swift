import KafkaProtocol
import NIOCore
import Primitives
import Testing

@Suite struct `A request's header` {
    @Test(
        arguments: [
            (APIKey.joinGroup, 10), (.addPartitionsToTxn, 0), (.apiVersions, 99), (.produce, 2), (.produce, 14),
            (.controlledShutdown, 0),
            (APIKey(rawValue: 999), 0), (APIKey(rawValue: -1), -1),
        ] as [(APIKey, Int16)])
    func `that is not spoken still says what to answer`(_ key: APIKey, _ version: Int16) throws {
        var frame = ByteBuffer()
        _ = frame.writeMultipleIntegers(key.rawValue, version, Int32(77))
        // A client id of a length that no layout spoken today could mean.
        frame.writeBytes([0x80, 0x01, 0xff])
        let request = try RequestFrame(frame)
        #expect(!request.isSpoken)
        #expect(request.header == RequestHeader(apiKey: key, apiVersion: version, correlationID: 77))
    }

    @Test func `that is spoken says so`() throws {
        for sample in Sample.all where sample.name.contains("Request") {
            for version in sample.versions {
                #expect(try RequestFrame(withoutLength(sample.frame(version))).isSpoken)
            }
        }
    }

    @Test func `in a version not spoken is refused when its body is asked for`() throws {
        let frame = try RequestFrame(bytes(hex: "0000 000e 00000001 ffff 00 0000"))
        #expect(throws: WireError(.unsupportedVersion(14), at: 8)) { try frame.decode(ProduceRequest.self) }
    }

    @Test(arguments: [Int16(2), 3])
    func `may lack a client id`(_ version: Int16) throws {
        let frame = ApiVersionsRequest().frame(version: version, correlationID: 1, clientID: nil)
        #expect(try RequestFrame(withoutLength(frame)).header.clientID == nil)
    }

    @Test func `with tagged fields is read past them`() throws {
        let frame = try RequestFrame(bytes(hex: "0012 0003 00000001 0001 63 01 05 02 aabb  02 61 02 62 00"))
        #expect(frame.header.clientID == "c")
        #expect(
            try frame.decode(ApiVersionsRequest.self)
                == ApiVersionsRequest(clientSoftwareName: "a", clientSoftwareVersion: "b"))
    }

    @Test func `shorter than its fixed fields is a WireError`() {
        for length in 0..<8 {
            #expect(throws: WireError.self) { try RequestFrame(ByteBuffer(repeating: 0, count: length)) }
        }
    }
}

@Suite struct `The table of APIs` {
    @Test func `agrees with the requests on their first flexible version`() {
        func check<Request: KafkaRequest>(_: Request.Type) {
            #expect(Request.key.firstFlexibleVersion == Request.firstFlexibleVersion, "\(Request.key)")
            #expect(Request.key.spokenVersions == Request.versions, "\(Request.key)")
        }
        check(ProduceRequest.self)
        check(FetchRequest.self)
        check(ListOffsetsRequest.self)
        check(MetadataRequest.self)
        check(FindCoordinatorRequest.self)
        check(ApiVersionsRequest.self)
        check(CreateTopicsRequest.self)
        check(DeleteTopicsRequest.self)
        check(InitProducerIDRequest.self)
        check(DescribeProducersRequest.self)
        check(CreatePartitionsRequest.self)
        check(DeleteRecordsRequest.self)
        check(DescribeConfigsRequest.self)
        check(AlterConfigsRequest.self)
        check(IncrementalAlterConfigsRequest.self)
        check(JoinGroupRequest.self)
        check(SyncGroupRequest.self)
        check(HeartbeatRequest.self)
        check(LeaveGroupRequest.self)
        check(OffsetCommitRequest.self)
        check(OffsetFetchRequest.self)
        check(OffsetDeleteRequest.self)
        check(ListGroupsRequest.self)
        check(DescribeGroupsRequest.self)
        check(DeleteGroupsRequest.self)
        check(OffsetForLeaderEpochRequest.self)
        check(DescribeClusterRequest.self)
        check(DescribeTopicPartitionsRequest.self)
        check(DescribeLogDirsRequest.self)
        check(DescribeACLsRequest.self)
        check(CreateACLsRequest.self)
        check(DeleteACLsRequest.self)
        check(ElectLeadersRequest.self)
        check(AlterPartitionReassignmentsRequest.self)
        check(ListPartitionReassignmentsRequest.self)
        check(DescribeClientQuotasRequest.self)
        check(AlterClientQuotasRequest.self)
        check(AlterReplicaLogDirsRequest.self)
        check(DescribeUserSCRAMCredentialsRequest.self)
        check(AlterUserSCRAMCredentialsRequest.self)
        check(DescribeQuorumRequest.self)
        check(UpdateFeaturesRequest.self)
        check(UnregisterBrokerRequest.self)
        check(DescribeTransactionsRequest.self)
        check(ListTransactionsRequest.self)
        check(WriteTxnMarkersRequest.self)
        check(ListConfigResourcesRequest.self)
        check(CreateDelegationTokenRequest.self)
        check(RenewDelegationTokenRequest.self)
        check(ExpireDelegationTokenRequest.self)
        check(DescribeDelegationTokenRequest.self)
    }

    @Test(arguments: fixture("kafka-python-apis.txt"))
    func `agrees with kafka-python's schemas`(_ words: [Substring]) {
        let key = APIKey(rawValue: Int16(words[0])!)
        #expect(key.name == String(words[1]))
        #expect(key.firstFlexibleVersion == Int16(words[2]))
    }

    @Test func `knows the exceptions among headers`() {
        #expect(APIKey.controlledShutdown.requestHeaderVersion(0) == 0)
        #expect(APIKey.controlledShutdown.requestHeaderVersion(1) == 1)
        #expect(APIKey.saslHandshake.requestHeaderVersion(1) == 1)
        #expect(APIKey.apiVersions.requestHeaderVersion(3) == 2)
        #expect(APIKey.apiVersions.responseHeaderVersion(3) == 0)
        #expect(APIKey.metadata.responseHeaderVersion(8) == 0)
        #expect(APIKey.metadata.responseHeaderVersion(9) == 1)
    }

    @Test func `knows up to which version topics have names`() {
        #expect(ProduceRequest.lastVersionByName == 12)
        #expect(OffsetCommitRequest.lastVersionByName == 9)
        #expect(OffsetFetchRequest.lastVersionByName == 9)
        #expect(MetadataRequest.lastVersionByName == MetadataRequest.versions.upperBound)
    }

    @Test func `keeps keys that it does not know`() {
        #expect(APIKey(rawValue: 93).name == nil)
        #expect("\(APIKey(rawValue: -5))" == "API -5")
        #expect("\(APIKey.deleteShareGroupOffsets)" == "DeleteShareGroupOffsets")
        #expect(APIKey(rawValue: .max).requestHeaderVersion(0) == 1)
    }

    @Test func `claims old versions of Produce, for old clients that compress only then`() {
        #expect(ProduceRequest.advertisedVersions == 0...13)
        #expect(FetchRequest.advertisedVersions == FetchRequest.versions)
    }
}

@Suite struct `Error codes` {
    // For a few codes kafka-python has names of its own.
    @Test(arguments: fixture("kafka-python-errors.txt").filter { !["-1", "0", "6", "10", "17", "39"].contains($0[0]) })
    func `have Kafka's names`(_ words: [Substring]) {
        #expect(ErrorCode(rawValue: Int16(words[0])!).name == String(words[1]))
    }

    @Test func `have Kafka's names where kafka-python has its own`() {
        #expect(
            ([-1, 0, 6, 10, 17, 39] as [Int16]).map { ErrorCode(rawValue: $0).name } == [
                "UNKNOWN_SERVER_ERROR", "NONE", "NOT_LEADER_OR_FOLLOWER", "MESSAGE_TOO_LARGE",
                "INVALID_TOPIC_EXCEPTION", "INVALID_REPLICA_ASSIGNMENT",
            ])
    }

    @Test func `that are not known are kept and named by number`() {
        #expect(ErrorCode(rawValue: 134).name == nil)
        #expect(ErrorCode(rawValue: -2).name == nil)
        #expect("\(ErrorCode(rawValue: 1000))" == "error 1000")
        #expect(!ErrorCode(rawValue: 1000).isRetriable)
        #expect("\(ErrorCode.outOfOrderSequenceNumber)" == "OUT_OF_ORDER_SEQUENCE_NUMBER (45)")
    }

    @Test func `are retriable where Kafka's exception is`() {
        let retriable = (Int16(-1)...133).filter { ErrorCode(rawValue: $0).isRetriable }
        #expect(
            retriable == [
                2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 70, 71, 72, 74, 75, 78, 80, 83, 84, 88, 89, 100,
                103, 106, 122, 123, 133,
            ])
    }
}
