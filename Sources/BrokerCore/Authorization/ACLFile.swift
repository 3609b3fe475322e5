internal import FileAccess
internal import KafkaProtocol
internal import SystemPackage

/// The access rules on disk, see `RecordFile`: a rule a line, with the fields resource type, name, pattern type,
/// principal, host, operation, permission.
struct ACLFile: Sendable {
    private let file: RecordFile

    init(in directory: FilePath, fileSystem: any FileSystem) {
        file = RecordFile(
            path: directory.appending("acls"), header: "tributary-acls 1",
            remedy: "restore it from a backup, or move it away: without it there is no rule, and everybody may do "
                + "everything",
            fileSystem: fileSystem)
    }

    func read() throws -> Set<ACLBinding> {
        var rules: Set<ACLBinding> = []
        for (line, fields) in try file.read() {
            guard let rule = Self.rule(fields), rule.problem == nil else {
                throw file.damaged("line \(line): not an access rule")
            }
            rules.insert(rule)
        }
        return rules
    }

    /// Durable on return; after an error the old rules are there.
    func write(_ rules: Set<ACLBinding>) throws(FileError) {
        try file.write(rules.map(Self.fields).sorted { $0.lexicographicallyPrecedes($1) })
    }

    private static func fields(_ rule: ACLBinding) -> [String] {
        [
            name(rule.resourceType.rawValue, types), rule.resourceName, name(rule.patternType.rawValue, patterns),
            rule.principal, rule.host, name(rule.operation.rawValue, operations),
            name(rule.permission.rawValue, permissions),
        ]
    }

    private static func rule(_ fields: [String]) -> ACLBinding? {
        guard fields.count == 7, let type = number(fields[0], types), let pattern = number(fields[2], patterns),
            let operation = number(fields[5], operations), let permission = number(fields[6], permissions)
        else { return nil }
        return ACLBinding(
            resourceType: ACLResourceType(rawValue: type), resourceName: fields[1],
            patternType: ACLPatternType(rawValue: pattern), principal: fields[3], host: fields[4],
            operation: ACLOperation(rawValue: operation), permission: ACLPermission(rawValue: permission))
    }

    // By number, as in the protocol.
    private static let types = [
        "unknown", "any", "topic", "group", "cluster", "transactional-id", "delegation-token", "user",
    ]
    private static let patterns = ["unknown", "any", "match", "literal", "prefixed"]
    static let operations = [
        "unknown", "any", "all", "read", "write", "create", "delete", "alter", "describe", "cluster-action",
        "describe-configs", "alter-configs", "idempotent-write", "create-tokens", "describe-tokens", "two-phase-commit",
    ]
    private static let permissions = ["unknown", "any", "deny", "allow"]

    private static func name(_ number: Int8, _ names: [String]) -> String { names[Int(number)] }

    private static func number(_ name: String, _ names: [String]) -> Int8? {
        names.firstIndex(of: name).map(Int8.init)
    }
}

extension ACLBinding {
    /// Why this cannot be a rule; nil where it can.
    ///
    /// Source: Apache Kafka, `AclControlManager.validateNewAcl` and `AclApis.handleCreateAcls`.
    var problem: String? {
        guard !resourceType.operations.isEmpty else {
            return "a rule is about a topic, a group, the cluster or the like"
        }
        if resourceName.isEmpty { return "the resource has no name" }
        if resourceType == .cluster && resourceName != Resource.cluster.name {
            return "the only name that the cluster has is \(Resource.cluster.name)"
        }
        guard patternType == .literal || patternType == .prefixed else {
            return "a rule's pattern is literal or prefixed"
        }
        let parts = principal.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            return "a principal is a type, a colon and a name, such as User:alice, not \"\(principal)\""
        }
        if host.isEmpty { return "a host is an address, or * for any" }
        guard (ACLOperation.all.rawValue...ACLOperation.twoPhaseCommit.rawValue).contains(operation.rawValue) else {
            return "the operation is not known"
        }
        return permission == .allow || permission == .deny ? nil : "a rule allows or denies"
    }
}
