// UpdateFeatures, versions 0 to 2: chooses versions of features. There are none to choose (ApiVersions tells of none), so
// every update is refused, as Kafka refuses one of a feature that it does not know.
//
// Source: Apache Kafka, `FeatureControlManager.updateFeature` and `QuorumController.updateFeatures`: with an error nothing
// is said of single features, in any version.

internal import KafkaProtocol

extension Broker {
    func updateFeatures(
        _ request: UpdateFeaturesRequest, _ client: ClientConnection, _ answer: (UpdateFeaturesResponse) -> Void
    ) {
        guard authorize(.alter, on: .cluster, for: client) else {
            return answer(
                UpdateFeaturesResponse(
                    errorCode: .clusterAuthorizationFailed, errorMessage: "only who may alter the cluster"))
        }
        guard let update = request.updates.first else { return answer(UpdateFeaturesResponse()) }
        let kinds: [UpdateFeaturesRequest.UpgradeType] = [.upgrade, .safeDowngrade, .unsafeDowngrade]
        let reason =
            if !kinds.contains(update.upgradeType) {
                "there is no upgrade of kind \(update.upgradeType.rawValue)"
            } else if update.maxVersionLevel < 0 {
                "a version is not negative"
            } else {
                "the collector has no such feature"
            }
        answer(
            UpdateFeaturesResponse(
                errorCode: .invalidUpdateVersion,
                errorMessage: "no feature was updated: \(update.feature) to \(update.maxVersionLevel): \(reason)"))
    }
}
