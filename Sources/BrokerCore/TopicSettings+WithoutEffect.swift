internal import KafkaProtocol

extension TopicSettings {
    /// A topic setting that Kafka has and that changes nothing here: programs that set it are not refused, it is kept
    /// and told, and its documentation says that it has no effect.
    ///
    /// The ranges and defaults are those of Kafka's LogConfig. What would make a difference to a program that relies on
    /// it (a bound on records' timestamps, tiered storage) is taken only with the value that asks for nothing.
    struct WithoutEffect: Sendable {
        let type: ConfigType
        let defaultValue: String
        let form: Form
        /// Why it has no effect.
        let reason: String

        enum Form: Sendable {
            case choice([String])
            case integer(ClosedRange<Int64>)
            /// `partition:broker` with commas between, `*` for all, or nothing.
            case replicas
            /// As of Kafka's releases: `3.0` or `0.10.0-IV1`.
            case version
        }

        fileprivate init(_ type: ConfigType, _ defaultValue: String, _ form: Form, _ reason: String) {
            self.type = type
            self.defaultValue = defaultValue
            self.form = form
            self.reason = reason
        }
    }

    static let withoutEffect: [String: WithoutEffect] = {
        let asProduced = "batches are stored as their producers compressed them"
        let oneNode = "there is one node, and no replication"
        let oneFormat = "batches are stored and served in format 2, the one that there is since Kafka 0.11"
        let notTiered = "there is no tiered storage"
        let unopened = "batches are not opened on their way in: only this value, no bound, is taken"
        let flag = WithoutEffect.Form.choice(["true", "false"])
        let count = WithoutEffect.Form.integer(0...Int64.max)
        let replicas = WithoutEffect(.list, "", .replicas, oneNode)
        let noBound = WithoutEffect(.long, String(Int64.max), .integer(Int64.max...Int64.max), unopened)
        let asRetention = WithoutEffect(.long, "-2", .integer(-2...Int64.max), notTiered)
        let notTieredFlag = WithoutEffect(.boolean, "false", flag, notTiered)
        return [
            "compression.gzip.level": WithoutEffect(.int, "-1", .integer(-1...9), asProduced),
            "compression.lz4.level": WithoutEffect(.int, "9", .integer(1...17), asProduced),
            "compression.type": WithoutEffect(
                .string, "producer", .choice(["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
                asProduced),
            "compression.zstd.level": WithoutEffect(.int, "3", .integer(-131_072...22), asProduced),
            "file.delete.delay.ms": WithoutEffect(
                .long, "60000", count, "the files of deleted segments are removed without delay"),
            "follower.replication.throttled.replicas": replicas,
            "leader.replication.throttled.replicas": replicas,
            "local.retention.bytes": asRetention,
            "local.retention.ms": asRetention,
            "message.downconversion.enable": WithoutEffect(.boolean, "true", flag, oneFormat),
            "message.format.version": WithoutEffect(.string, "3.0-IV1", .version, oneFormat),
            "message.timestamp.after.max.ms": noBound,
            "message.timestamp.before.max.ms": noBound,
            "message.timestamp.difference.max.ms": noBound,
            "min.insync.replicas": WithoutEffect(
                .int, "1", .integer(1...Int64(Int32.max)),
                "\(oneNode); what is acknowledged to acks=all is on stable storage under the default flush policy"),
            "preallocate": WithoutEffect(.boolean, "false", flag, "a segment's file grows with its records"),
            "remote.log.copy.disable": notTieredFlag,
            "remote.log.delete.on.disable": notTieredFlag,
            "remote.storage.enable": WithoutEffect(.boolean, "false", .choice(["false"]), notTiered),
            "segment.index.bytes": WithoutEffect(
                .int, "10485760", .integer(4...Int64(Int32.max)), "an index is as large as its segment needs"),
            "segment.jitter.ms": WithoutEffect(.long, "0", count, "segments are rolled without jitter"),
            "unclean.leader.election.enable": WithoutEffect(.boolean, "false", flag, oneNode),
        ]
    }()
}

extension TopicSettings.WithoutEffect {
    /// What DescribeConfigs tells of it.
    var documentation: String { "Without effect here: \(reason)." }

    /// - Returns: what is wrong with a value; nil where it may be set.
    func problem(_ name: String, _ value: String) -> String? {
        switch form {
        case .choice(let values):
            if values.contains(value) { return nil }
            return "\(name) takes \(values.joined(separator: ", ")), not \"\(value)\" (\(reason))"
        case .integer(let range):
            if let number = Int64(value), range.contains(number) { return nil }
            let wanted =
                range.lowerBound == range.upperBound
                ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            return "\(name) takes \(wanted), not \"\(value)\" (\(reason))"
        case .replicas:
            let each = value.split(separator: ",", omittingEmptySubsequences: false)
            if value.isEmpty || value == "*" || each.allSatisfy(isReplica) { return nil }
            return "\(name) takes \"*\" or pairs partition:broker with commas between, not \"\(value)\""
        case .version:
            let parts = value.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let numbers = parts[0].split(separator: ".", omittingEmptySubsequences: false)
            let isRight =
                (2...4).contains(numbers.count) && numbers.allSatisfy { UInt16($0) != nil }
                && (parts.count == 1 || parts[1].hasPrefix("IV") && UInt16(parts[1].dropFirst(2)) != nil)
            return isRight ? nil : "\(name) takes the version of a Kafka release, 3.0 for instance, not \"\(value)\""
        }
    }

    private func isReplica(_ pair: Substring) -> Bool {
        let halves = pair.split(separator: ":", omittingEmptySubsequences: false)
        return halves.count == 2 && halves.allSatisfy { UInt32($0.trimming(" ")) != nil }
    }
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> Substring {
        var rest = drop { $0 == character }
        while rest.last == character { rest.removeLast() }
        return rest
    }
}
