import BrokerCore
import KafkaProtocol
import Primitives
import TestSupport
import Testing

@Suite struct TopicNameTests {
    @Test(arguments: [
        "", ".", "..", "../etc", "a/b", "/a", "a\u{0}b", "a b", "a\nb", "ü", "a=b", String(repeating: "a", count: 250),
    ])
    func `a name that could leave the data directory is refused`(name: String) throws {
        let bench = try AdminBench()
        #expect(try bench.create(name).errorCode == .invalidTopicException)
        #expect(try bench.directories().isEmpty)
        bench.broker.stop()
    }

    /// The number of a partition has no "-", so what stands before the last "-" is the topic, and nothing else can be.
    @Test func `no two partitions of any topics share a directory, whatever the names end in`() throws {
        let names = [
            "a", "a-0", "a-0-0", "a-", "a--0", "-", "-0", "--", "A", "a-00", "a-delete", "a-0.x-delete", "topics-1",
        ]
        let bench = try AdminBench()
        for name in names { #expect(try bench.create(name, partitions: 3).errorCode == .none, "\(name)") }
        let directories = try bench.directories()
        #expect(Set(directories).count == names.count * 3)
        for (number, name) in names.enumerated() { try bench.produce("\(number)", to: name, 1) }
        for name in names { #expect(try bench.produce("again", to: name, 1).baseOffset.value == 1, "\(name)") }
        // The files of the data directory itself have no "-" followed by a number at their end.
        #expect(directories.allSatisfy { $0.split(separator: "-").last.flatMap { Int($0) } != nil })
        let next = try bench.restarted()
        for name in names { #expect(try next.produce("again", to: name, 1).baseOffset.value == 2, "\(name)") }
        next.broker.stop()
    }
}
