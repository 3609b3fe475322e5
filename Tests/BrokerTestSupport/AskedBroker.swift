// BrokerTestSupport: how tests of several modules ask a broker, and the time that they let pass for it.

package import BrokerCore
package import KafkaProtocol
package import NIOCore

/// A broker that is asked through frames, as clients ask it.
package protocol AskedBroker {
    var broker: Broker { get }
    /// The connection that requests come from, unless told.
    var client: ClientConnection { get }
}

extension AskedBroker {
    /// Hands a request in.
    package func start<Request: KafkaRequest>(
        _ request: Request, version: Int16? = nil, from other: ClientConnection? = nil
    ) -> Pending<Request> {
        let pending = Pending<Request>(version: version ?? Request.lastVersionByName)
        let frame = request.frame(version: pending.version, correlationID: pending.correlationID, clientID: "test")
        broker.handle(unframed(frame), from: other ?? client, reply: pending.put)
        return pending
    }

    package func ask<Request: KafkaRequest>(
        _ request: Request, version: Int16? = nil, from other: ClientConnection? = nil
    ) throws -> Request.Response {
        try start(request, version: version, from: other).response()
    }

    /// Hands bytes in, as the frame of a request without its length.
    package func send(_ bytes: [UInt8]) throws -> Reply {
        let pending = Pending<ApiVersionsRequest>(version: 0)
        broker.handle(ByteBuffer(bytes: bytes), from: client, reply: pending.put)
        return try pending.reply()
    }
}

/// A frame without the length before it.
package func unframed(_ frame: ByteBuffer) -> ByteBuffer {
    var frame = frame
    frame.moveReaderIndex(forwardBy: 4)
    return frame
}
