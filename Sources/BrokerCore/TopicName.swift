/// Which names a topic may have: Kafka's rule, which is also what makes a name safe as the name of a directory.
///
/// Source: Apache Kafka, `org.apache.kafka.common.internals.Topic`.
package enum TopicName {
    package static let maximumLength = 249

    /// Why the name is not allowed; nil where it is.
    package static func problem(_ name: String) -> String? {
        if name.isEmpty { return "a topic's name cannot be empty" }
        if name == "." || name == ".." { return "a topic cannot be called \"\(name)\"" }
        if name.utf8.count > maximumLength { return "a topic's name has at most \(maximumLength) characters" }
        let allowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return allowed ? nil : "a topic's name has only ASCII letters, digits, \".\", \"_\" and \"-\""
    }
}
