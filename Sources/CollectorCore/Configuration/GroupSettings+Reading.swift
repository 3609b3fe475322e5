internal import BrokerCore
internal import YAMLConfiguration

extension Form where Value == GroupSettings {
    /// What `collector.yaml` may say of consumer groups.
    static var groups: Form {
        .section { section in
            var groups = GroupSettings()
            func number(_ name: String, _ range: ClosedRange<Int>, _ place: WritableKeyPath<GroupSettings, Int64>) {
                groups[keyPath: place] = Int64(
                    section.value(name, .integer(range), default: Int(groups[keyPath: place])))
            }
            number("group.initial.rebalance.delay.ms", 0...Int(Int32.max), \.initialRebalanceDelayMilliseconds)
            number("group.min.session.timeout.ms", 1...Int(Int32.max), \.minimumSessionMilliseconds)
            number("group.max.session.timeout.ms", 1...Int(Int32.max), \.maximumSessionMilliseconds)
            groups.maximumSize = section.value("group.max.size", .integer(1...1_000_000), default: groups.maximumSize)
            number("offsets.retention.minutes", 1...Int(Int32.max), \.offsetsRetentionMinutes)
            number("offsets.retention.check.interval.ms", 100...86_400_000, \.retentionCheckMilliseconds)
            // An offset is one record, whose text has a length of two bytes.
            groups.maximumOffsetMetadataBytes = section.value(
                "offset.metadata.max.bytes", .integer(0...Int(Int16.max)), default: groups.maximumOffsetMetadataBytes)
            if groups.minimumSessionMilliseconds > groups.maximumSessionMilliseconds {
                let key = "group.m\(section.has("group.min.session.timeout.ms") ? "in" : "ax").session.timeout.ms"
                section.report(
                    "group.min.session.timeout.ms (\(groups.minimumSessionMilliseconds)) is more than "
                        + "group.max.session.timeout.ms (\(groups.maximumSessionMilliseconds))", key: key)
                groups.maximumSessionMilliseconds = groups.minimumSessionMilliseconds
            }
            return groups
        }
    }
}
