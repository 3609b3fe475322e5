internal import FileTailing
internal import YAMLConfiguration

extension Form where Value == String {
    static var absolutePath: Form {
        text("an absolute path") { $0.hasPrefix("/") }
    }

    static var absoluteGlob: Form {
        text("a glob of absolute paths, such as /var/log/*.log") { $0.hasPrefix("/") }.checked(objection: whyNoGlob)
    }

    static var glob: Form { text("a glob, such as **/*.gz").checked(objection: whyNoGlob) }

    /// It stands before the colon of a record's key.
    static var hostName: Form {
        text("a host name of up to 255 characters, without spaces and colons") { name in
            name.utf8.count <= 255 && !name.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: ":") }
        }
    }

    /// Part of a topic's name.
    static var sourceName: Form {
        text("a name of 1 to 200 letters, digits, '.', '_' and '-'") { isMadeOfTopicCharacters($0, most: 200) }
    }

    /// A topic name as Kafka allows it.
    static var topicName: Form {
        text("a topic name: 1 to 249 letters, digits, '.', '_' and '-', and not '.' or '..'") { name in
            isMadeOfTopicCharacters(name, most: 249) && name != "." && name != ".."
        }
    }
}

private func isMadeOfTopicCharacters(_ name: String, most: Int) -> Bool {
    (1...most).contains(name.utf8.count)
        && name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || ".-_".utf8.contains(byte)
        }
}

private func whyNoGlob(_ text: String) -> String? {
    do throws(GlobError) {
        _ = try GlobPattern(text)
        return nil
    } catch {
        return error.reason
    }
}
