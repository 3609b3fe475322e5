// DescribeUserScramCredentials and AlterUserScramCredentials, version 0 each: the passwords of users. There is no SASL yet
// that would ask for one, so none is kept, and whoever sets one is told so. The answers are those of a Kafka cluster whose
// metadata.version is older than SCRAM (3.5-IV2).
//
// Source: Apache Kafka, `ScramImage.describe` and `ScramControlManager.alterCredentials`; KIP-554.

internal import KafkaProtocol

extension Broker {
    func describeUserSCRAMCredentials(
        _ request: DescribeUserSCRAMCredentialsRequest, _ client: ClientConnection,
        _ answer: (DescribeUserSCRAMCredentialsResponse) -> Void
    ) {
        typealias Outcome = DescribeUserSCRAMCredentialsResponse.Result
        guard authorize(.describe, on: .cluster, for: client) else {
            return answer(
                DescribeUserSCRAMCredentialsResponse(
                    errorCode: .clusterAuthorizationFailed, errorMessage: "only who may describe the cluster"))
        }
        let users = request.users ?? []
        let counts = users.reduce(into: [:]) { counts, user in counts[user.name, default: 0] += 1 }
        var told: Set<String> = []
        let results = users.filter { told.insert($0.name).inserted }.map { user in
            counts[user.name] == 1
                ? Outcome(
                    user: user.name, errorCode: .resourceNotFound, errorMessage: "there is no password of \(user.name)")
                : Outcome(
                    user: user.name, errorCode: .duplicateResource,
                    errorMessage: "\(user.name) is named twice in the request")
        }
        answer(DescribeUserSCRAMCredentialsResponse(results: results))
    }

    func alterUserSCRAMCredentials(
        _ request: AlterUserSCRAMCredentialsRequest, _ client: ClientConnection,
        _ answer: (AlterUserSCRAMCredentialsResponse) -> Void
    ) {
        let isAllowed = authorize(.alter, on: .cluster, for: client)
        let code = isAllowed ? ErrorCode.unsupportedVersion : .clusterAuthorizationFailed
        let message =
            isAllowed
            ? "passwords are not kept here: the collector has no SASL that would ask for them"
            : "only who may alter the cluster"
        var told: Set<String> = []
        let users = request.deletions.map(\.name) + request.upsertions.map(\.name)
        answer(
            AlterUserSCRAMCredentialsResponse(
                results: users.filter { told.insert($0).inserted }.map { user in
                    AlterUserSCRAMCredentialsResponse.Result(user: user, errorCode: code, errorMessage: message)
                }))
    }
}
