private import CYaml

/// A document that is no YAML, with libyaml's reason.
struct YAMLSyntaxError: Error {
    var message: String
    var place: SourcePlace
}

/// One event of libyaml's parser.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias
        case scalar(String, isPlain: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }

    var kind: Kind
    var place: SourcePlace
    var hasAnchor = false
    var hasTag = false
}

/// libyaml's parser over bytes that it keeps until it goes.
@safe struct YAMLEventStream: ~Copyable {
    // libyaml keeps pointers into both: neither may move while the parser lives.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        unsafe input = .allocate(capacity: bytes.count)
        _ = unsafe input.initialize(from: bytes)
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            preconditionFailure("libyaml finds no memory for a parser")
        }
        unsafe yaml_parser_set_input_string(parser, UnsafePointer(input.baseAddress), bytes.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// The next event. None may be asked for after `streamEnd` or an error.
    func next() throws(YAMLSyntaxError) -> YAMLEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
        defer { unsafe yaml_event_delete(&event) }
        return unsafe Self.event(event)
    }

    private static func event(_ event: yaml_event_t) -> YAMLEvent {
        let place = unsafe SourcePlace(event.start_mark)
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: return YAMLEvent(kind: .streamStart, place: place)
        case YAML_STREAM_END_EVENT: return YAMLEvent(kind: .streamEnd, place: place)
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, place: place)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, place: place)
        case YAML_ALIAS_EVENT: return YAMLEvent(kind: .alias, place: place)
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return unsafe YAMLEvent(
                kind: .scalar(
                    String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE),
                place: place, hasAnchor: scalar.anchor != nil, hasTag: scalar.tag != nil)
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            return unsafe YAMLEvent(
                kind: .sequenceStart, place: place, hasAnchor: start.anchor != nil, hasTag: start.tag != nil)
        case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, place: place)
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            return unsafe YAMLEvent(
                kind: .mappingStart, place: place, hasAnchor: start.anchor != nil, hasTag: start.tag != nil)
        case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, place: place)
        default: preconditionFailure("BUG: an event that libyaml does not have")
        }
    }

    private func syntaxError() -> YAMLSyntaxError {
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "out of memory"
        // Errors of its reader (encoding, control characters) come with a byte offset instead of a mark.
        if unsafe parser.pointee.error == YAML_READER_ERROR {
            let offset = unsafe min(parser.pointee.problem_offset, input.count)
            return YAMLSyntaxError(message: problem, place: place(ofByte: offset))
        }
        // What was left open is often where the mistake is.
        let start = unsafe SourcePlace(parser.pointee.context_mark)
        let context =
            unsafe parser.pointee.context.map { unsafe String(cString: $0) + " from \(start.line):\(start.column): " }
            ?? ""
        return unsafe YAMLSyntaxError(message: context + problem, place: SourcePlace(parser.pointee.problem_mark))
    }

    private func place(ofByte offset: Int) -> SourcePlace {
        var place = SourcePlace(line: 1, column: 1)
        for index in 0..<offset {
            let byte = unsafe input[index]
            if byte == UInt8(ascii: "\n") {
                place = SourcePlace(line: place.line + 1, column: 1)
            } else if byte & 0xc0 != 0x80 {
                place.column += 1
            }
        }
        return place
    }
}

extension SourcePlace {
    /// libyaml counts from 0.
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }
}
