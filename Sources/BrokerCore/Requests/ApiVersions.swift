// ApiVersions, versions 0 to 4: which APIs and versions this broker speaks.

internal import KafkaProtocol

extension Broker {
    func apiVersions(_ request: ApiVersionsRequest, _ answer: (ApiVersionsResponse) -> Void) {
        answer(ApiVersionsResponse(apis: Self.apis))
    }
}
