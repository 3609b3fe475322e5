import NIOCore
import Testing

@testable import BrokerServer

@Suite(.timeLimit(.minutes(10)))
struct FrameTests {
    private func framed(_ payload: [UInt8]) -> [UInt8] {
        Array(ByteBuffer(integer: Int32(payload.count)).readableBytesView) + payload
    }

    private func takeAll(_ frames: inout FrameBuffer) -> [[UInt8]] {
        var all: [[UInt8]] = []
        while case .complete(let length) = frames.next, let frame = frames.take(length) {
            all.append(Array(frame.readableBytesView))
        }
        return all
    }

    @Test func `frames come out whole however the bytes come in`() {
        let payloads = [8, 9, 100, 8, 5000, 13].map { size in (0..<size).map { UInt8(truncatingIfNeeded: $0 + size) } }
        let stream = payloads.flatMap(framed)
        for step in [1, 2, 3, 5, 7, 64, 1000, stream.count] {
            for hasRoom in [false, true] {
                var frames = FrameBuffer(limit: 5000)
                var taken: [[UInt8]] = []
                var held: [ByteBuffer] = []
                for start in stride(from: 0, to: stream.count, by: step) {
                    frames.append(ByteBuffer(bytes: stream[start..<min(start + step, stream.count)]))
                    while case .complete(let length) = frames.next, let frame = frames.take(length) {
                        held.append(frame)
                        taken.append(Array(frame.readableBytesView))
                    }
                    if hasRoom, case .incomplete(let length?) = frames.next { frames.makeRoom(for: length) }
                }
                #expect(taken == payloads)
                // What was taken is not written over by what comes behind it.
                #expect(held.map { Array($0.readableBytesView) } == payloads)
                #expect(frames.isEmpty)
            }
        }
    }

    @Test func `lengths that cannot be are refused as soon as they are seen`() {
        for length in [Int32.min, -1, 0, 7, 101, .max] {
            var frames = FrameBuffer(limit: 100)
            frames.append(ByteBuffer(integer: length))
            #expect(frames.next == .refused(length))
        }
        for length in [Int32(8), 100] {
            var frames = FrameBuffer(limit: 100)
            frames.append(ByteBuffer(integer: length))
            #expect(frames.next == .incomplete(Int(length)))
        }
        var short = FrameBuffer(limit: 100)
        short.append(ByteBuffer(bytes: [0, 0, 0]))
        #expect(short.next == .incomplete(nil))
    }

    @Test func `thousands of small requests in one read are not moved at each`() {
        let one = framed([UInt8](repeating: 1, count: 10))
        var frames = FrameBuffer(limit: 100)
        frames.append(ByteBuffer(bytes: Array(repeating: one, count: 50_000).joined()))
        // Each moved all that follows it: some tens of gigabytes.
        #expect(takeAll(&frames).count == 50_000)
    }
}

@Suite
struct RequestPipelineTests {
    private func frame(_ number: Int) -> RequestPipeline.Answer { .frame(ByteBuffer(integer: Int32(number))) }

    private func number(_ answer: RequestPipeline.Answer?) -> Int? {
        guard case .frame(let frame) = answer else { return nil }
        return frame.getInteger(at: frame.readerIndex, as: Int32.self).map(Int.init)
    }

    @Test func `produce requests run together up to the limit, anything else alone`() {
        var pipeline = RequestPipeline()
        #expect(pipeline.mayStart(isProduce: false))
        for _ in 0..<RequestPipeline.maximumInFlight {
            #expect(pipeline.mayStart(isProduce: true))
            _ = pipeline.start(isProduce: true, reservedBytes: 1)
            #expect(!pipeline.mayStart(isProduce: false))
        }
        #expect(!pipeline.mayStart(isProduce: true))

        var alone = RequestPipeline()
        let id = alone.start(isProduce: false, reservedBytes: 1)
        #expect(!alone.mayStart(isProduce: true))
        #expect(!alone.mayStart(isProduce: false))
        alone.answered(id, with: frame(1))
        #expect(!alone.mayStart(isProduce: true))
        #expect(number(alone.nextToWrite()) == 1)
        #expect(!alone.mayStart(isProduce: true))
        #expect(alone.written() == 1)
        #expect(alone.mayStart(isProduce: false))
    }

    @Test func `answers leave in the order of requests, whatever the order they come in`() {
        for order in permutations([0, 1, 2, 3, 4]) {
            var pipeline = RequestPipeline()
            let ids = (0..<5).map { pipeline.start(isProduce: true, reservedBytes: 10 + $0) }
            var written: [Int] = []
            var answered: Set<Int> = []
            for index in order {
                pipeline.answered(ids[index], with: index == 2 ? .nothing : frame(index))
                answered.insert(index)
                while let answer = pipeline.nextToWrite() { written.append(number(answer) ?? 2) }
                let expected = (0..<5).prefix { answered.contains($0) }
                #expect(written == Array(expected))
            }
            #expect((0..<5).map { _ in pipeline.written() } == [10, 11, 12, 13, 14])
            #expect(pipeline.isEmpty)
        }
    }

    @Test func `what is given up gives everything back, at every stage`() {
        for answered in 0...4 {
            for handed in 0...answered {
                for written in 0...handed {
                    var pipeline = RequestPipeline()
                    let ids = (0..<4).map { _ in pipeline.start(isProduce: true, reservedBytes: 100) }
                    for id in ids.prefix(answered) { pipeline.answered(id, with: frame(1)) }
                    for _ in 0..<handed { _ = pipeline.nextToWrite() }
                    for _ in 0..<written { #expect(pipeline.written() == 100) }
                    let left = pipeline.abandon()
                    #expect(left.requests == 100 * (4 - written))
                    // Those handed to the channel are given back as their writes end.
                    #expect(left.answers == 4 * (answered - handed))
                    #expect(pipeline.isEmpty)
                    #expect(pipeline.abandon() == (0, 0))
                }
            }
        }
    }

    private func permutations(_ items: [Int]) -> [[Int]] {
        guard items.count > 1 else { return [items] }
        return items.indices.flatMap { index in
            var rest = items
            let item = rest.remove(at: index)
            return permutations(rest).map { [item] + $0 }
        }
    }
}
