internal import SystemPackage

/// Asks systemd on a thread of its own, one question at a time, so that no sample waits for a bus that is slow or
/// silent. An answer that comes late is kept until it is taken.
///
/// The question ends by its own deadline, and the thread with it.
final class UnitProbe: Sendable {
    typealias Answer = Result<UnitListing, MetricSourceError>

    private enum Desk: Sendable {
        case idle
        case asking
        case answered(Answer)
    }

    private let desk = Monitor(Desk.idle)

    /// Whether a question was put and its answer not taken.
    var isAsking: Bool {
        desk.change { desk in
            if case .idle = desk { false } else { true }
        }
    }

    /// - Parameter address: D-Bus' address of the bus.
    func ask(_ selection: SystemdSelection, at address: String) {
        desk.change { $0 = .asking }
        let isStarted = startDetachedThread { [desk] in
            let answer: Answer
            do throws(MetricSourceError) {
                answer = .success(try UnitListing(selection, at: address))
            } catch {
                answer = .failure(error)
            }
            desk.change { $0 = .answered(answer) }
        }
        if isStarted { return }
        let error = MetricSourceError(path: FilePath(address), problem: .unreadable(.resourceTemporarilyUnavailable))
        desk.change { $0 = .answered(.failure(error)) }
    }

    /// Takes the answer.
    ///
    /// - Returns: nil where there is none by then.
    func answer(within limit: Duration) -> Answer? {
        desk.wait(atMost: limit) { desk in
            guard case .answered(let answer) = desk else { return nil }
            desk = .idle
            return answer
        }
    }
}
