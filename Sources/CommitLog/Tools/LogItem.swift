/// Something found in a partition's files, for printing: its kind, and its parts in order.
package struct LogItem: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        case number(Int64)
        case text(String)
        case flag(Bool)
        case list([LogItem])
    }

    package var kind: String
    package var fields: [(name: String, value: Value)]

    package init(_ kind: String, _ fields: [(name: String, value: Value)]) {
        self.kind = kind
        self.fields = fields
    }

    package static func == (left: LogItem, right: LogItem) -> Bool {
        left.kind == right.kind && left.fields.count == right.fields.count
            && zip(left.fields, right.fields).allSatisfy { $0.name == $1.name && $0.value == $1.value }
    }

    package subscript(name: String) -> Value? { fields.first { $0.name == name }?.value }
}
