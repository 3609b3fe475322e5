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
        api(DescribeACLsRequest.self), api(CreateACLsRequest.self), api(DeleteACLsRequest.self),
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
        case .produce: produce(try frame.decode(), header, client, reply)
        case .fetch: fetch(try frame.decode(), client, answer(FetchRequest.self, header, reply))
        case .listOffsets: listOffsets(try frame.decode(), client, answer(ListOffsetsRequest.self, header, reply))
        case .metadata: metadata(try frame.decode(), header, client, answer(MetadataRequest.self, header, reply))
        case .findCoordinator: findCoordinator(try frame.decode(), answer(FindCoordinatorRequest.self, header, reply))
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
        case .describeACLs: describeACLs(try frame.decode(), client, answer(DescribeACLsRequest.self, header, reply))
        case .createACLs: createACLs(try frame.decode(), client, answer(CreateACLsRequest.self, header, reply))
        case .deleteACLs: deleteACLs(try frame.decode(), client, answer(DeleteACLsRequest.self, header, reply))
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
