internal import Synchronization

/// Collects the parts of an answer, which come from any thread in any order, and hands them on together, in order.
final class Gathering<Part: Sendable>: Sendable {
    private let state: Mutex<(parts: [Part?], missing: Int)>
    private let done: @Sendable ([Part]) -> Void

    /// With a count of 0 it is done at once.
    init(count: Int, done: @escaping @Sendable ([Part]) -> Void) {
        state = Mutex((Array(repeating: nil, count: count), count))
        self.done = done
        if count == 0 { done([]) }
    }

    func put(_ part: Part, at index: Int) {
        let whole: [Part]? = state.withLock { state in
            precondition(state.parts[index] == nil, "BUG: part \(index) of an answer came twice")
            state.parts[index] = part
            state.missing -= 1
            return state.missing == 0 ? state.parts.compactMap { $0 } : nil
        }
        if let whole { done(whole) }
    }
}
