// CreateDelegationToken, versions 0 to 3; RenewDelegationToken and ExpireDelegationToken, versions 0 to 2;
// DescribeDelegationToken, versions 0 to 3: tokens in place of passwords. Who has not said who it is cannot have one: on a
// connection without SASL or a client's certificate, which is every one here, Kafka answers each with
// DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, whatever the access rules say and whether or not it has tokens at all.
//
// Source: Apache Kafka, `KafkaApis.allowTokenRequests`; KIP-48, KIP-373.

internal import KafkaProtocol

extension Broker {
    func createDelegationToken(
        _ request: CreateDelegationTokenRequest, _ client: ClientConnection,
        _ answer: (CreateDelegationTokenResponse) -> Void
    ) {
        // A principal is a type and a name, "User:ANONYMOUS".
        let parts = client.principal.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let requester = (type: String(parts[0]), name: parts.count > 1 ? String(parts[1]) : "")
        var owner = requester
        if let name = request.ownerName, !name.isEmpty { owner = (request.ownerType ?? "", name) }
        answer(
            CreateDelegationTokenResponse(
                errorCode: .delegationTokenRequestNotAllowed, ownerType: owner.type, ownerName: owner.name,
                requesterType: requester.type, requesterName: requester.name))
    }

    func renewDelegationToken(
        _ request: RenewDelegationTokenRequest, _ answer: (RenewDelegationTokenResponse) -> Void
    ) {
        answer(RenewDelegationTokenResponse(errorCode: .delegationTokenRequestNotAllowed))
    }

    func expireDelegationToken(
        _ request: ExpireDelegationTokenRequest, _ answer: (ExpireDelegationTokenResponse) -> Void
    ) {
        answer(ExpireDelegationTokenResponse(errorCode: .delegationTokenRequestNotAllowed))
    }

    func describeDelegationToken(
        _ request: DescribeDelegationTokenRequest, _ answer: (DescribeDelegationTokenResponse) -> Void
    ) {
        answer(DescribeDelegationTokenResponse(errorCode: .delegationTokenRequestNotAllowed))
    }
}
