internal import DequeModule
internal import NIOCore

/// What of a connection's requests is in flight, and what may be done next. Knows no channel.
///
/// Answers go out in the order of the requests. Produce requests may be in flight together, so that all of them share
/// one fdatasync; anything else is started when nothing is in flight, and nothing is started beside it. A request counts
/// as in flight until its answer has left for the kernel: a client that takes no answers gets no further requests read.
struct RequestPipeline {
    /// Produce requests in flight at the most. Kafka's clients have at most 5.
    static let maximumInFlight = 64

    enum Answer {
        case frame(ByteBuffer)
        case nothing
    }

    private struct Request {
        var id: UInt64
        var isProduce: Bool
        var reservedBytes: Int
        var answer: Answer?
    }

    private var requests: Deque<Request> = []
    /// Answers handed to the channel whose write is not complete; they stand at the front of `requests`.
    private var writing = 0
    private var nextID: UInt64 = 0

    var isEmpty: Bool { requests.isEmpty }

    func mayStart(isProduce: Bool) -> Bool {
        guard let last = requests.last else { return true }
        return isProduce && last.isProduce && requests.count < Self.maximumInFlight
    }

    /// A request was started.
    mutating func start(isProduce: Bool, reservedBytes: Int) -> UInt64 {
        precondition(mayStart(isProduce: isProduce), "BUG: a request was started out of turn")
        defer { nextID += 1 }
        requests.append(Request(id: nextID, isProduce: isProduce, reservedBytes: reservedBytes, answer: nil))
        return nextID
    }

    /// A request was answered.
    mutating func answered(_ id: UInt64, with answer: Answer) {
        guard let index = requests.firstIndex(where: { $0.id == id }) else {
            preconditionFailure("BUG: a request was answered that is not in flight")
        }
        precondition(requests[index].answer == nil, "BUG: a request was answered twice")
        requests[index].answer = answer
    }

    /// The next answer to write, if it is its turn.
    mutating func nextToWrite() -> Answer? {
        guard writing < requests.count, let answer = requests[writing].answer else { return nil }
        writing += 1
        return answer
    }

    /// The oldest write is complete.
    ///
    /// - Returns: the bytes that the request had reserved.
    mutating func written() -> Int {
        precondition(writing > 0, "BUG: a write completed that was never begun")
        writing -= 1
        return requests.removeFirst().reservedBytes
    }

    /// The connection is gone.
    ///
    /// - Returns: all bytes that were reserved for requests, and the bytes of answers that were not handed to the channel.
    mutating func abandon() -> (requests: Int, answers: Int) {
        defer {
            requests = []
            writing = 0
        }
        let answers = requests.dropFirst(writing).reduce(0) { sum, request in
            if case .frame(let frame) = request.answer { sum + frame.readableBytes } else { sum }
        }
        return (requests.reduce(0) { $0 + $1.reservedBytes }, answers)
    }
}
