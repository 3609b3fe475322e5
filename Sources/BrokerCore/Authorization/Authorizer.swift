internal import FileAccess
internal import KafkaProtocol
internal import Logging
internal import Synchronization
internal import SystemPackage

/// Decides who may do what. The rules are changed on the control thread, and asked for on any.
final class Authorizer: Sendable {
    /// More rules are taken for a mistake.
    static let maximumRules = 100_000

    private let superUsers: Set<String>
    private let opensWhatNoRuleIsAbout: Bool
    private let file: ACLFile
    private let table: Mutex<ACLTable>

    init(_ configuration: BrokerConfiguration, in directory: FilePath, fileSystem: any FileSystem) throws {
        superUsers = Set(configuration.superUsers)
        opensWhatNoRuleIsAbout = configuration.allowsEveryoneWithoutRule
        file = ACLFile(in: directory, fileSystem: fileSystem)
        table = Mutex(ACLTable(try file.read(), opensWhatNoRuleIsAbout: opensWhatNoRuleIsAbout))
    }

    /// What is in force now.
    var rules: Set<ACLBinding> { table.withLock { $0.rules } }

    func allows(_ operation: ACLOperation, on resource: Resource, _ client: ClientConnection) -> Bool {
        let table = table.withLock { $0 }
        return superUsers.contains(client.principal)
            || table.allows(operation, on: resource, principal: client.principal, host: client.host)
    }

    func allowsSomewhere(_ operation: ACLOperation, on type: ACLResourceType, _ client: ClientConnection) -> Bool {
        let table = table.withLock { $0 }
        return superUsers.contains(client.principal)
            || table.allowsSomewhere(operation, on: type, principal: client.principal, host: client.host)
    }

    /// Adds and takes away rules, which are in force, durably, on return; after an error nothing has changed. Blocks:
    /// for the control thread, whose changes come one after the other.
    func change(adding added: Set<ACLBinding> = [], removing removed: Set<ACLBinding> = []) throws(ChangeRefusal) {
        let before = rules
        let after = before.subtracting(removed).union(added)
        if after == before { return }
        guard after.count <= max(Self.maximumRules, before.count) else {
            throw ChangeRefusal(
                code: .invalidRequest, message: "there would be more than \(Self.maximumRules) access rules")
        }
        do throws(FileError) { try file.write(after) } catch {
            throw ChangeRefusal(code: .kafkaStorageError, message: "cannot store the access rules: \(error)")
        }
        let changed = ACLTable(after, opensWhatNoRuleIsAbout: opensWhatNoRuleIsAbout)
        table.withLock { $0 = changed }
    }
}

extension Broker {
    /// Whether the client may do this: what every request asks before it does anything, or tells that something exists.
    ///
    /// The errors to answer with: `topicAuthorizationFailed`, `groupAuthorizationFailed`, `clusterAuthorizationFailed`,
    /// `transactionalIDAuthorizationFailed`. A request for a resource that may not be described is answered the same
    /// whether there is one of that name or not.
    ///
    /// A refusal is logged, at most some a second.
    func authorize(_ operation: ACLOperation, on resource: Resource, for client: ClientConnection) -> Bool {
        if authorizer.allows(operation, on: resource, client) { return true }
        refusals.write(
            "not allowed",
            [
                "principal": "\(client.principal)", "client": "\(client.remote)",
                "operation": "\(ACLFile.operations[Int(operation.rawValue)])", "resource": "\(resource.name)",
            ])
        return false
    }

    /// What of `resource` the client may do, as a bit field of operation numbers: for answers that tell it.
    func authorizedOperations(on resource: Resource, for client: ClientConnection) -> Int32 {
        resource.type.operations.reduce(0) { bits, operation in
            authorizer.allows(operation, on: resource, client) ? bits | 1 << Int32(operation.rawValue) : bits
        }
    }
}
