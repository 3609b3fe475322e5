/// Whom a quota is for.
struct QuotaEntity: Hashable, Sendable {
    enum Name: Hashable, Sendable {
        case named(String)
        /// Whoever has no quota of its own.
        case others
    }

    /// The principal's name without its type; nil where the quota does not ask for it.
    var user: Name?
    /// nil where the quota does not ask for it.
    var clientID: Name?
}

/// What is limited.
enum QuotaKey: String, CaseIterable, Sendable {
    case produce = "producer_byte_rate"
    case fetch = "consumer_byte_rate"
}

/// The quotas that are set, in bytes per second.
///
/// Of all that fit a client the most particular one counts, in the order of Kafka's `ClientQuotaManager`.
struct QuotaTable: Sendable, Equatable {
    var entries: [QuotaEntity: [QuotaKey: Double]] = [:]
    /// Of the configuration file, for each client id that no other quota fits.
    var defaults: [QuotaKey: Double] = [:]

    /// A quota, and who shares it: all clients that the same entity fits.
    struct Found: Hashable {
        var bytesPerSecond: Double
        var sharers: QuotaEntity
    }

    func find(_ key: QuotaKey, user: String, clientID: String) -> Found? {
        let namedUser = QuotaEntity.Name.named(user)
        let namedClient = QuotaEntity.Name.named(clientID)
        let both = QuotaEntity(user: namedUser, clientID: namedClient)
        let onlyUser = QuotaEntity(user: namedUser)
        let onlyClient = QuotaEntity(clientID: namedClient)
        let order: [(QuotaEntity, sharers: QuotaEntity)] = [
            (both, both), (QuotaEntity(user: namedUser, clientID: .others), both), (onlyUser, onlyUser),
            (QuotaEntity(user: .others, clientID: namedClient), both),
            (QuotaEntity(user: .others, clientID: .others), both), (QuotaEntity(user: .others), onlyUser),
            (onlyClient, onlyClient), (QuotaEntity(clientID: .others), onlyClient),
        ]
        if !entries.isEmpty {
            for (entity, sharers) in order {
                if let quota = entries[entity]?[key] { return Found(bytesPerSecond: quota, sharers: sharers) }
            }
        }
        return defaults[key].map { Found(bytesPerSecond: $0, sharers: onlyClient) }
    }
}
