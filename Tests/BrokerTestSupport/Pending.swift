package import BrokerCore
package import KafkaProtocol
package import NIOCore
internal import Primitives
internal import Synchronization
internal import TestSupport

/// A reply that is to come exactly once.
package final class Pending<Request: KafkaRequest>: Sendable {
    package let version: Int16
    package let correlationID: Int32 = 7
    private let arrived = Mutex<[Reply]>([])
    private let bell = BlockingQueue<Void>()

    package init(version: Int16) { self.version = version }

    /// Takes a reply, on any thread.
    package func put(_ reply: Reply) {
        arrived.withLock { $0.append(reply) }
        bell.put(())
    }

    /// How many have come so far.
    package var replyCount: Int { arrived.withLock { $0.count } }

    /// Waits for the reply.
    package func reply() throws -> Reply {
        _ = bell.takeAll(timeout: Patience.standard)
        let replies = arrived.withLock { $0 }
        guard replies.count == 1 else { throw WrongReply("\(Request.self) was answered \(replies.count) times") }
        return replies[0]
    }

    /// Waits for the reply, which is to be a response's frame.
    package func frame() throws -> ByteBuffer {
        let reply = try reply()
        guard case .frame(let frame) = reply else { throw WrongReply("\(Request.self) was answered with \(reply)") }
        return frame
    }

    package func response() throws -> Request.Response {
        let answer = try ResponseFrame(unframed(try frame()))
        guard answer.correlationID == correlationID else { throw WrongReply("another request's answer: \(answer)") }
        return try answer.decode(Request.self, version: version)
    }
}

package struct WrongReply: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
