internal import Synchronization
internal import SystemPackage

/// Asks what may never answer, on a thread of its own: a file system whose server is gone keeps the asker in the kernel
/// for minutes or for ever, where no signal reaches it, and so does a network driver that waits for its device.
///
/// A thread that does not come back in time is left where it is with the path that holds it, which is skipped until the
/// call returns; a new thread takes over the rest. So each path that hangs costs one sample one wait and the process one
/// thread, and no more than `threadLimit` of them: beyond that no path is asked until one returns.
final class DeadlineProbe<Value: Sendable>: Sendable {
    typealias Answer = Result<Value, MetricSourceError>
    typealias Question = @Sendable (FilePath) -> Answer

    private static var threadLimit: Int { 16 }

    private let question: Question
    private let workers = Mutex(Workers())

    private struct Workers {
        var ready: ProbeWorker<Value>?
        /// By the path whose call has not returned.
        var stuck: [FilePath: ProbeWorker<Value>] = [:]
    }

    /// - Parameter question: what is asked of each path; it may block.
    init(_ question: @escaping Question) { self.question = question }

    deinit {
        workers.withLock { workers in
            workers.ready?.retire()
        }
    }

    /// - Parameter limit: the longest that the call takes, all paths together.
    /// - Returns: an answer for each path, in their order.
    func answers(for paths: [FilePath], within limit: Duration) -> [Answer] {
        workers.withLock { ask(paths, within: limit, &$0) }
    }

    private func ask(_ paths: [FilePath], within limit: Duration, _ workers: inout Workers) -> [Answer] {
        let clock = ContinuousClock()
        let end = clock.now + limit
        workers.stuck = workers.stuck.filter { $0.value.isStuck }
        var answers: [FilePath: Answer] = [:]
        for path in paths where workers.stuck[path] != nil { answers[path] = .failure(failure(path, .notAnswering)) }
        var remaining = paths.filter { answers[$0] == nil }
        while !remaining.isEmpty, clock.now < end, let worker = worker(&workers) {
            worker.give(remaining)
            let progress = worker.wait(atMost: min(limit / 2, end - clock.now))
            answers.merge(progress.answers) { $1 }
            if let stuck = progress.stuckAt {
                answers[stuck] = .failure(failure(stuck, .notAnswering))
                workers.stuck[stuck] = worker
                workers.ready = nil
            }
            remaining.removeAll { answers[$0] != nil }
        }
        return paths.map { answers[$0] ?? .failure(failure($0, .outOfTime)) }
    }

    private func worker(_ workers: inout Workers) -> ProbeWorker<Value>? {
        if workers.ready == nil, workers.stuck.count < Self.threadLimit {
            workers.ready = ProbeWorker.start(question)
        }
        return workers.ready
    }

    private func failure(_ path: FilePath, _ problem: MetricSourceError.Problem) -> MetricSourceError {
        MetricSourceError(path: path, problem: problem)
    }
}

/// One thread that asks, and what passes between it and the sampler.
private final class ProbeWorker<Value: Sendable>: Sendable {
    struct Progress {
        var answers: [FilePath: DeadlineProbe<Value>.Answer]
        /// The path whose call did not return in time. The worker takes no more work.
        var stuckAt: FilePath?
    }

    private struct Desk: Sendable {
        /// Yet to be asked, last first.
        var todo: [FilePath] = []
        var current: FilePath?
        /// When the call for `current` began.
        var began = ContinuousClock.now
        var answers: [FilePath: DeadlineProbe<Value>.Answer] = [:]
        var isRetired = false
    }

    private let desk = Monitor(Desk())

    static func start(_ question: @escaping DeadlineProbe<Value>.Question) -> ProbeWorker? {
        let worker = ProbeWorker()
        return startDetachedThread { worker.run(question) } ? worker : nil
    }

    func give(_ paths: [FilePath]) {
        desk.change { $0.todo = paths.reversed() }
    }

    /// Waits for all answers; a call that alone has taken half as long is stuck.
    func wait(atMost limit: Duration) -> Progress {
        let isDone = desk.wait(atMost: limit) { $0.todo.isEmpty && $0.current == nil ? true : nil } ?? false
        return desk.change { desk in
            defer { desk.answers = [:] }
            guard !isDone, let current = desk.current, ContinuousClock.now - desk.began >= limit / 2 else {
                return Progress(answers: desk.answers, stuckAt: nil)
            }
            desk.todo = []
            desk.isRetired = true
            return Progress(answers: desk.answers, stuckAt: current)
        }
    }

    var isStuck: Bool { desk.change { $0.current != nil } }

    func retire() { desk.change { $0.isRetired = true } }

    private func run(_ question: DeadlineProbe<Value>.Question) {
        while let path = next() {
            let answer = question(path)
            desk.change { desk in
                desk.current = nil
                if !desk.isRetired { desk.answers[path] = answer }
            }
        }
    }

    /// The next path to ask; nil when the thread is to end.
    private func next() -> FilePath? {
        let next = desk.wait(atMost: nil) { desk -> FilePath?? in
            if desk.isRetired { return .some(nil) }
            guard let path = desk.todo.popLast() else { return nil }
            desk.current = path
            desk.began = .now
            return .some(path)
        }
        return next ?? nil
    }
}
