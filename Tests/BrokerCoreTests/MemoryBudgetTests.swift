import Synchronization
import Testing

@testable import BrokerCore

@Suite(.timeLimit(.minutes(10)))
struct MemoryBudgetTests {
    private final class Holder {}
    private let grants = Grants()

    private final class Grants: Sendable {
        let names = Mutex<[String]>([])
        func grant(_ name: String) -> @Sendable () -> Void { { self.names.withLock { $0.append(name) } } }
        var all: [String] { names.withLock { $0 } }
    }

    @Test func `who finds no room waits in line and is served in order`() {
        let budget = MemoryBudget(limit: 100)
        let holders = (0..<6).map { _ in Holder() }
        func reserve(_ bytes: Int, _ holder: Int, _ name: String) -> MemoryBudget.Ticket? {
            budget.reserve(bytes, for: ObjectIdentifier(holders[holder]), later: grants.grant(name))
        }
        #expect(reserve(90, 0, "") == nil)
        // The first above the limit overdraws, so that somebody can always go on.
        #expect(reserve(50, 1, "") == nil)
        #expect(reserve(30, 1, "") == nil)
        #expect(reserve(60, 2, "large") != nil)
        // Small ones do not overtake it.
        #expect(reserve(1, 3, "small") != nil)
        let gone = reserve(5, 4, "gone")
        #expect(reserve(1, 5, "last") != nil)
        if let gone { budget.giveUp(gone) }
        #expect(grants.all.isEmpty)
        budget.release(80)
        #expect(grants.all == ["large"])
        budget.release(90)
        #expect(grants.all == ["large", "small", "last"])
        budget.release(62)
        #expect(budget.used == 0)
        #expect(budget.waitingCount == 0)
    }

    @Test func `the whole line moves on when its first leaves it`() throws {
        let budget = MemoryBudget(limit: 100)
        let holders = (0..<4).map { _ in Holder() }
        #expect(budget.reserve(80, for: ObjectIdentifier(holders[0])) {} == nil)
        #expect(budget.reserve(30, for: ObjectIdentifier(holders[1])) {} == nil)
        let first = budget.reserve(90, for: ObjectIdentifier(holders[2]), later: grants.grant("first"))
        _ = budget.reserve(10, for: ObjectIdentifier(holders[3]), later: grants.grant("second"))
        budget.release(30)
        #expect(grants.all == ["first"])
        budget.giveUp(try #require(first))
        // It was granted before: what it got is given back, which lets the next in.
        budget.release(90)
        #expect(grants.all == ["first", "second"])
    }

    @Test func `a request larger than the whole limit gets through`() {
        let budget = MemoryBudget(limit: 10)
        let holder = Holder()
        #expect(budget.reserve(1000, for: ObjectIdentifier(holder)) {} == nil)
        budget.release(1000)
        #expect(budget.used == 0)
    }

    @Test func `many holders that each reserve in steps all come to their end`() {
        let budget = MemoryBudget(limit: 100)
        var waiting: [Int: Int] = [:]
        let holders = (0..<20).map { _ in Holder() }
        var held = [Int](repeating: 0, count: 20)
        let granted = Mutex<[Int]>([])
        var most = 0
        // Each takes 10 at a time until it has 60, then gives all back.
        func step(_ index: Int) {
            while held[index] < 60 {
                let ticket = budget.reserve(10, for: ObjectIdentifier(holders[index])) {
                    granted.withLock { $0.append(index) }
                }
                most = max(most, budget.used)
                if ticket != nil {
                    waiting[index] = 10
                    return
                }
                held[index] += 10
                // Others have their turn in between.
                if held[index] == 10 { return }
            }
            let all = held[index]
            held[index] = .max / 2
            budget.release(all)
        }
        for index in 0..<20 { step(index) }
        for index in 0..<20 where waiting[index] == nil && held[index] < 60 { step(index) }
        while case let ready = granted.withLock({ list in
            defer { list = [] }; return list
        }), !ready.isEmpty {
            for index in ready {
                waiting[index] = nil
                held[index] += 10
                step(index)
            }
            for index in 0..<20 where waiting[index] == nil && held[index] < 60 { step(index) }
        }
        #expect(held.allSatisfy { $0 > 60 })
        #expect(budget.used == 0)
        #expect(most <= 160)
    }

    @Test func `taking never goes below what is asked for at least`() {
        let budget = MemoryBudget(limit: 100)
        #expect(budget.take(upTo: 80, atLeast: 10) == 80)
        #expect(budget.take(upTo: 80, atLeast: 10) == 20)
        #expect(budget.take(upTo: 80, atLeast: 10) == 10)
        #expect(budget.take(upTo: 80, atLeast: 0) == 0)
        #expect(budget.take(upTo: 5, atLeast: 10) == 5)
        budget.release(115)
        #expect(budget.used == 0)
    }
}
