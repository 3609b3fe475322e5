package import NIOCore

// A frame on the wire, in either direction: the length of what follows, a header, a body.
//
//     int32 length | header | body
//
// Request header:   int16 API key | int16 version | int32 correlation id | int16 length, client id (from header 1)
//                   | tagged fields (from header 2)
// Response header:  int32 correlation id | tagged fields (from header 1)

/// What stands before a request's body.
package struct RequestHeader: Equatable, Sendable {
    package var apiKey: APIKey
    package var apiVersion: Int16
    /// Chosen by the client; the response carries it back.
    package var correlationID: Int32
    package var clientID: String?

    package init(apiKey: APIKey, apiVersion: Int16, correlationID: Int32, clientID: String? = nil) {
        self.apiKey = apiKey
        self.apiVersion = apiVersion
        self.correlationID = correlationID
        self.clientID = clientID
    }

    package func write(to writer: inout WireWriter) {
        let headerVersion = apiKey.requestHeaderVersion(apiVersion)
        writer.integer(apiKey.rawValue)
        writer.integer(apiVersion)
        writer.integer(correlationID)
        // The client id keeps its int16 length even in flexible versions.
        if headerVersion >= 1 { writer.nullableString(clientID, flexible: false) }
        writer.noTaggedFields(flexible: headerVersion >= 2)
    }
}

/// A request as it came: the header taken apart, the body not yet.
package struct RequestFrame: Sendable {
    package let header: RequestHeader
    /// How long the request is, without the length before it.
    package let byteCount: Int
    /// Stands behind the header, or where `isSpoken` is false behind the correlation id.
    private let body: WireReader

    /// Whether the API and its version are spoken here. Where not, nothing behind the correlation id has been looked at,
    /// for its layout may be one of the future.
    package var isSpoken: Bool { header.apiKey.spokenVersions?.contains(header.apiVersion) ?? false }

    /// Takes apart the header of `frame`, which comes without the length before it.
    package init(_ frame: ByteBuffer) throws(WireError) {
        byteCount = frame.readableBytes
        var reader = WireReader(frame, elementLimit: Self.elementLimit)
        var header = RequestHeader(
            apiKey: APIKey(rawValue: try reader.integer()), apiVersion: try reader.integer(),
            correlationID: try reader.integer())
        if header.apiKey.spokenVersions?.contains(header.apiVersion) ?? false {
            header.clientID = try reader.nullableString(flexible: false)
            try reader.skipTaggedFields(flexible: header.apiKey.requestHeaderVersion(header.apiVersion) >= 2)
        }
        self.header = header
        self.body = reader
    }

    /// The body, which must be as long as its layout and no longer, but for the API's `strayBytes`. Positions in errors count
    /// from the frame's start.
    package func decode<Request: KafkaRequest>(_: Request.Type = Request.self) throws(WireError) -> Request {
        precondition(header.apiKey == Request.key, "BUG: a request of \(header.apiKey) decoded as \(Request.key)")
        var reader = body
        guard Request.versions.contains(header.apiVersion) else {
            throw reader.fail(.unsupportedVersion(header.apiVersion))
        }
        let request = try Request(from: &reader, version: header.apiVersion)
        if reader.remaining > Request.strayBytes { try reader.expectEnd() }
        return request
    }

    /// A request with more array elements than this is refused: small elements take more memory decoded than encoded.
    package static let elementLimit = 1 << 20
}

/// A response as it came: the correlation id read, which says what request it answers; the rest not yet.
package struct ResponseFrame: Sendable {
    package let correlationID: Int32
    private let rest: WireReader

    /// Takes `frame`, which comes without the length before it.
    package init(_ frame: ByteBuffer) throws(WireError) {
        var reader = WireReader(frame)
        correlationID = try reader.integer()
        rest = reader
    }

    /// The body, as the answer to a `Request` of `version`. What follows it is passed over: some servers send a byte too
    /// many (librdkafka's mock cluster in Metadata 12).
    package func decode<Request: KafkaRequest>(
        _: Request.Type = Request.self, version: Int16
    ) throws(WireError) -> Request.Response {
        var reader = rest
        guard Request.versions.contains(version) else { throw reader.fail(.unsupportedVersion(version)) }
        try reader.skipTaggedFields(flexible: Request.key.responseHeaderVersion(version) >= 1)
        return try Request.Response(from: &reader, version: version)
    }
}

extension KafkaRequest {
    /// The frame of this request, with the length before it, in one buffer: records are copied into it.
    package func frame(version: Int16, correlationID: Int32, clientID: String?) -> ByteBuffer {
        joined(frameParts(version: version, correlationID: correlationID, clientID: clientID))
    }

    /// The frame of this request, with the length before it, to be sent part after part: records are not copied.
    package func frameParts(version: Int16, correlationID: Int32, clientID: String?) -> [ByteBuffer] {
        precondition(Self.versions.contains(version), "BUG: \(Self.key) is not spoken in version \(version)")
        let header = RequestHeader(
            apiKey: Self.key, apiVersion: version, correlationID: correlationID, clientID: clientID)
        return framed { writer in
            header.write(to: &writer)
            write(to: &writer, version: version)
        }
    }

    /// The frame of a response to this API, with the length before it, in one buffer: records are copied into it.
    package static func frame(_ response: Response, version: Int16, correlationID: Int32) -> ByteBuffer {
        joined(frameParts(response, version: version, correlationID: correlationID))
    }

    /// The frame of a response to this API, with the length before it, to be sent part after part: records are not
    /// copied.
    package static func frameParts(_ response: Response, version: Int16, correlationID: Int32) -> [ByteBuffer] {
        precondition(versions.contains(version), "BUG: \(key) is not spoken in version \(version)")
        return framed { writer in
            writer.integer(correlationID)
            writer.noTaggedFields(flexible: key.responseHeaderVersion(version) >= 1)
            response.write(to: &writer, version: version)
        }
    }
}

/// A part of its own costs more than copying fewer bytes than this.
private let uncopiedLength = 4096

private func framed(_ write: (inout WireWriter) -> Void) -> [ByteBuffer] {
    var writer = WireWriter(uncopiedLength: uncopiedLength)
    writer.integer(Int32(0))
    write(&writer)
    var parts = writer.takeParts()
    let length = parts.reduce(-4) { $0 + $1.readableBytes }
    precondition(length <= Int32.max, "BUG: a frame of \(length) bytes does not fit its length field")
    parts[0].setInteger(Int32(length), at: parts[0].readerIndex)
    return parts
}

private func joined(_ parts: [ByteBuffer]) -> ByteBuffer {
    guard parts.count > 1 else { return parts[0] }
    var whole = ByteBuffer()
    whole.reserveCapacity(parts.reduce(0) { $0 + $1.readableBytes })
    for part in parts { whole.writeImmutableBuffer(part) }
    return whole
}
