internal import FileTailing
internal import RecordBatches

extension LineInfo {
    /// The record's headers: only where there is something to say.
    var headers: RecordHeaders? {
        if case .whole = part { return isUnterminated ? Self.unterminated : nil }
        var fields: [(key: String, value: [UInt8])] = []
        switch part {
        case .whole: break
        case .firstFragment: fields.append(("fragment", Array("0".utf8)))
        case .middleFragment(let index): fields.append(("fragment", Array("\(index)".utf8)))
        case .lastFragment(let index):
            fields.append(("fragment", Array("\(index)".utf8)))
            fields.append(("fragment.last", Array("true".utf8)))
        case .truncated(let length):
            fields.append(("truncated", Array("true".utf8)))
            fields.append(("original_bytes", Array("\(length)".utf8)))
        }
        if isUnterminated { fields.append(("unterminated", Array("true".utf8))) }
        return RecordHeaders(fields)
    }

    private static let unterminated = RecordHeaders([("unterminated", Array("true".utf8))])
}
