internal import KafkaProtocol

/// Access rules, and what follows from them. Knows no file and no connection.
///
/// - A rule that denies wins over any that allow.
/// - To allow READ, WRITE, DELETE or ALTER is to allow DESCRIBE; to allow ALTER_CONFIGS is to allow DESCRIBE_CONFIGS. To
///   deny implies nothing.
/// - Where no rule matches, nothing is allowed; where there is no rule at all, everything is. With
///   `allow.everyone.if.no.acl.found` everything is allowed on each resource that no rule is about, whomever it names.
///
/// Source: Apache Kafka, `StandardAuthorizerData.java`; KIP-11, KIP-290. Names are compared byte by byte.
struct ACLTable: Sendable {
    /// What "any name" is called, in rules with the literal pattern.
    static let wildcard = "*"
    /// Everybody.
    static let everyone = "User:*"

    private struct Pattern: Hashable {
        var type: ACLResourceType
        var name: [UInt8]
    }

    let rules: Set<ACLBinding>
    /// `allow.everyone.if.no.acl.found`
    private let opensWhatNoRuleIsAbout: Bool
    private let literal: [Pattern: [ACLBinding]]
    private let prefixed: [Pattern: [ACLBinding]]
    /// How long the prefixes are that there are rules for.
    private let prefixLengths: [ACLResourceType: [Int]]

    init(_ rules: Set<ACLBinding> = [], opensWhatNoRuleIsAbout: Bool = false) {
        self.rules = rules
        self.opensWhatNoRuleIsAbout = opensWhatNoRuleIsAbout
        func byPattern(_ type: ACLPatternType) -> [Pattern: [ACLBinding]] {
            Dictionary(grouping: rules.lazy.filter { $0.patternType == type }) {
                Pattern(type: $0.resourceType, name: Array($0.resourceName.utf8))
            }
        }
        literal = byPattern(.literal)
        prefixed = byPattern(.prefixed)
        prefixLengths = Dictionary(grouping: prefixed.keys, by: \.type).mapValues { Set($0.map(\.name.count)).sorted() }
    }

    var isEmpty: Bool { rules.isEmpty }

    /// Whether `principal` may do this from `host`.
    func allows(_ operation: ACLOperation, on resource: Resource, principal: String, host: String) -> Bool {
        if isEmpty { return true }
        let matching = matching(resource)
        var isAllowed = opensWhatNoRuleIsAbout && matching.isEmpty
        for rule in matching where Self.concerns(rule, principal, host) {
            switch rule.permission {
            case .deny: if rule.operation == .all || rule.operation == operation { return false }
            default: isAllowed = isAllowed || Self.allows(rule.operation, operation)
            }
        }
        return isAllowed
    }

    /// Whether there may be a resource of this type on which `principal` may do this: one that a rule allows, and that
    /// no rule denies as a whole.
    ///
    /// Source: Apache Kafka, `Authorizer.authorizeByResourceType`.
    func allowsSomewhere(_ operation: ACLOperation, on type: ACLResourceType, principal: String, host: String) -> Bool {
        if isEmpty { return true }
        func isWildcard(_ rule: ACLBinding) -> Bool {
            rule.patternType == .literal && rule.resourceName == Self.wildcard
        }
        let ofType = rules.filter { $0.resourceType == type }
        if opensWhatNoRuleIsAbout, !ofType.contains(where: isWildcard) { return true }
        let concerning = ofType.filter { rule in
            (rule.operation == operation || rule.operation == .all) && Self.concerns(rule, principal, host)
        }
        let denied = concerning.filter { $0.permission == .deny }
        if denied.contains(where: isWildcard) { return false }
        return concerning.contains { allowed in
            guard allowed.permission == .allow else { return false }
            if isWildcard(allowed) { return true }
            return !denied.contains { denied in
                switch denied.patternType {
                case .prefixed: allowed.resourceName.utf8.starts(with: denied.resourceName.utf8)
                default:
                    allowed.patternType == .literal
                        && allowed.resourceName.utf8.elementsEqual(denied.resourceName.utf8)
                }
            }
        }
    }

    private func matching(_ resource: Resource) -> [ACLBinding] {
        let name = Array(resource.name.utf8)
        var found = literal[Pattern(type: resource.type, name: name)] ?? []
        if resource.name != Self.wildcard {
            found += literal[Pattern(type: resource.type, name: Array(Self.wildcard.utf8))] ?? []
        }
        for length in prefixLengths[resource.type] ?? [] where length <= name.count {
            found += prefixed[Pattern(type: resource.type, name: Array(name[..<length]))] ?? []
        }
        return found
    }

    private static func concerns(_ rule: ACLBinding, _ principal: String, _ host: String) -> Bool {
        (rule.principal == everyone || rule.principal.utf8.elementsEqual(principal.utf8))
            && (rule.host == wildcard || rule.host.utf8.elementsEqual(host.utf8))
    }

    private static func allows(_ allowed: ACLOperation, _ wanted: ACLOperation) -> Bool {
        if allowed == .all || allowed == wanted { return true }
        return switch wanted {
        case .describe: [.read, .write, .delete, .alter].contains(allowed)
        case .describeConfigs: allowed == .alterConfigs
        default: false
        }
    }
}

extension ACLFilter {
    /// Whether a field has a value that is not known here: the client means something that we cannot do.
    var isUnknown: Bool {
        let types: [ACLResourceType] = [.any, .topic, .group, .cluster, .transactionalID, .delegationToken, .user]
        let patterns: [ACLPatternType] = [.any, .match, .literal, .prefixed]
        return !types.contains(resourceType) || !patterns.contains(patternType)
            || !(ACLOperation.any.rawValue...ACLOperation.twoPhaseCommit.rawValue).contains(operation.rawValue)
            || ![.any, .deny, .allow].contains(permission)
    }

    /// Source: Apache Kafka, `ResourcePatternFilter` and `AccessControlEntryFilter`.
    func matches(_ rule: ACLBinding) -> Bool {
        func isSame(_ asked: String?, _ value: String) -> Bool {
            asked.map { $0.utf8.elementsEqual(value.utf8) } ?? true
        }
        return (resourceType == .any || resourceType == rule.resourceType) && matchesPattern(of: rule)
            && isSame(principal, rule.principal) && isSame(host, rule.host)
            && (operation == .any || operation == rule.operation)
            && (permission == .any || permission == rule.permission)
    }

    private func matchesPattern(of rule: ACLBinding) -> Bool {
        guard [.any, .match, rule.patternType].contains(patternType) else { return false }
        guard let resourceName else { return true }
        if resourceName.utf8.elementsEqual(rule.resourceName.utf8) { return true }
        guard patternType == .match else { return false }
        return rule.patternType == .prefixed
            ? resourceName.utf8.starts(with: rule.resourceName.utf8) : rule.resourceName == ACLTable.wildcard
    }
}
