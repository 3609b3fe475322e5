// DescribeClientQuotas and AlterClientQuotas, versions 0 and 1: the quotas of bytes per second. Other quotas of Kafka's
// (of requests' time, of changes, of connections per address) are refused rather than kept and not held to.
//
// Source: Apache Kafka, `ClientQuotaControlManager` and `ClientQuotaCache`.

internal import KafkaProtocol
internal import Logging

extension Broker {
    func describeClientQuotas(
        _ request: DescribeClientQuotasRequest, _ client: ClientConnection,
        _ answer: (DescribeClientQuotasResponse) -> Void
    ) {
        guard authorize(.describeConfigs, on: .cluster, for: client) else {
            return answer(DescribeClientQuotasResponse(errorCode: .clusterAuthorizationFailed))
        }
        let types = request.components.map(\.entityType)
        guard Set(types).count == types.count, types.allSatisfy(QuotaEntity.types.contains),
            request.components.allSatisfy(\.isValid)
        else {
            return answer(
                DescribeClientQuotasResponse(
                    errorCode: .invalidRequest,
                    errorMessage: "a filter has \"user\" and \"client-id\", each once, and how to match it"))
        }
        let found = quotas.entries.map { (parts: $0.key.parts, quotas: $0.value) }.filter { entry in
            if request.isStrict && entry.parts.count != request.components.count { return false }
            return request.components.allSatisfy { component in
                entry.parts.contains { $0.type == component.entityType && component.matches($0.name) }
            }
        }
        answer(
            DescribeClientQuotasResponse(
                entries: found.map { entry in
                    DescribeClientQuotasResponse.Entry(
                        entity: entry.parts,
                        values: entry.quotas.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                            DescribeClientQuotasResponse.Value(key: $0.key.rawValue, value: $0.value)
                        })
                }))
    }

    func alterClientQuotas(
        _ request: AlterClientQuotasRequest, _ client: ClientConnection,
        _ answer: @escaping @Sendable (AlterClientQuotasResponse) -> Void
    ) {
        let gathered = Gathering<AlterClientQuotasResponse.Entry>(count: request.entries.count) { entries in
            answer(AlterClientQuotasResponse(entries: entries))
        }
        let isAllowed = authorize(.alterConfigs, on: .cluster, for: client)
        for (index, entry) in request.entries.enumerated() {
            change { [self] _ throws(ChangeRefusal) -> Void in
                guard isAllowed else {
                    throw ChangeRefusal(code: .clusterAuthorizationFailed, message: "not allowed to alter quotas")
                }
                let entity = try QuotaEntity(entry.entity)
                var entries = quotas.entries
                var changed = entries[entity] ?? [:]
                for operation in entry.operations { try apply(operation, to: &changed) }
                entries[entity] = changed.isEmpty ? nil : changed
                if request.validateOnly { return }
                try quotas.replace(entries)
                logger.info(
                    "quota altered", metadata: ["entity": "\(entry.entity.map { "\($0.type) \($0.name ?? "*")" })"])
            } _: { result in
                var refusal: ChangeRefusal?
                if case .failure(let failure) = result { refusal = failure }
                gathered.put(
                    AlterClientQuotasResponse.Entry(
                        errorCode: refusal?.code ?? .none, errorMessage: refusal?.message, entity: entry.entity),
                    at: index)
            }
        }
    }

    private func apply(
        _ operation: AlterClientQuotasRequest.Operation, to quotas: inout [QuotaKey: Double]
    ) throws(ChangeRefusal) {
        guard let key = QuotaKey(rawValue: operation.key) else {
            let known = QuotaKey.allCases.map(\.rawValue).joined(separator: " and ")
            throw ChangeRefusal(
                code: .invalidRequest, message: "there is no quota \"\(operation.key)\" here; there are \(known)")
        }
        if operation.remove {
            quotas[key] = nil
            return
        }
        guard operation.value >= 1, operation.value < 0x1p62, operation.value == operation.value.rounded() else {
            throw ChangeRefusal(
                code: .invalidRequest, message: "\(operation.key) is a whole number of bytes per second, at least 1")
        }
        quotas[key] = operation.value
    }
}

extension QuotaEntity {
    fileprivate static let types = ["user", "client-id"]

    fileprivate init(_ parts: [QuotaEntityPart]) throws(ChangeRefusal) {
        self.init()
        guard !parts.isEmpty, Set(parts.map(\.type)).count == parts.count else {
            throw ChangeRefusal(code: .invalidRequest, message: "a quota is for a user, a client id or both, each once")
        }
        for part in parts {
            if part.name == "" { throw ChangeRefusal(code: .invalidRequest, message: "the \(part.type) has no name") }
            let name = part.name.map { Name.named($0) } ?? .others
            switch part.type {
            case "user": user = name
            case "client-id": clientID = name
            default:
                throw ChangeRefusal(
                    code: .invalidRequest,
                    message: "there are no quotas for \"\(part.type)\" here, only for users and "
                        + "client ids")
            }
        }
    }

    fileprivate var parts: [QuotaEntityPart] {
        [(type: "user", name: user), (type: "client-id", name: clientID)].compactMap { part in
            switch part.name {
            case .named(let name): QuotaEntityPart(type: part.type, name: name)
            case .others: QuotaEntityPart(type: part.type, name: nil)
            case nil: nil
            }
        }
    }
}

extension DescribeClientQuotasRequest.Component {
    fileprivate var isValid: Bool {
        switch matchType {
        case .exact: match != nil
        case .byDefault, .any: true
        default: false
        }
    }

    fileprivate func matches(_ name: String?) -> Bool {
        switch matchType {
        case .exact: name == match
        case .byDefault: name == nil
        default: true
        }
    }
}
