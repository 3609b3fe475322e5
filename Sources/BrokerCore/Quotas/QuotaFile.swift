internal import FileAccess
internal import SystemPackage

/// The quotas on disk, see `RecordFile`: one a line, with the fields user, client id, key, bytes per second. A name has
/// "=" before it; "*" is for all others; an empty field does not ask.
struct QuotaFile: Sendable {
    private let file: RecordFile

    init(in directory: FilePath, fileSystem: any FileSystem) {
        file = RecordFile(
            path: directory.appending("quotas"), header: "tributary-quotas 1",
            remedy: "restore it from a backup, or move it away: without it there are no quotas but those of the "
                + "configuration file",
            fileSystem: fileSystem)
    }

    func read() throws -> [QuotaEntity: [QuotaKey: Double]] {
        var entries: [QuotaEntity: [QuotaKey: Double]] = [:]
        for (line, fields) in try file.read() {
            guard fields.count == 4, let user = Self.name(fields[0]), let clientID = Self.name(fields[1]),
                let key = QuotaKey(rawValue: fields[2]), let rate = Double(fields[3]), rate.isFinite, rate >= 1
            else { throw file.damaged("line \(line): not a quota") }
            entries[QuotaEntity(user: user, clientID: clientID), default: [:]][key] = rate
        }
        return entries
    }

    /// Durable on return; after an error the old quotas are there.
    func write(_ entries: [QuotaEntity: [QuotaKey: Double]]) throws(FileError) {
        let records = entries.flatMap { entity, quotas in
            quotas.map { [Self.field(entity.user), Self.field(entity.clientID), $0.key.rawValue, "\($0.value)"] }
        }
        try file.write(records.sorted { $0.lexicographicallyPrecedes($1) })
    }

    private static func field(_ name: QuotaEntity.Name?) -> String {
        switch name {
        case .named(let name): "=\(name)"
        case .others: "*"
        case nil: ""
        }
    }

    /// - Returns: nil where the field is none; a name that is nil where it does not ask.
    private static func name(_ field: String) -> QuotaEntity.Name?? {
        if field.isEmpty { return .some(nil) }
        if field == "*" { return .others }
        return field.hasPrefix("=") ? .named(String(field.dropFirst())) : nil
    }
}
