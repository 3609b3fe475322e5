internal import FileAccess
internal import FileTailing
internal import Logging
internal import Primitives
internal import Synchronization
internal import SystemPackage

/// A question to the pipeline. Whoever asks waits; the pipeline does not.
final class ControlTask: Sendable {
    enum Question: Sendable {
        case request(ControlRequest)
        case reload(AgentConfiguration)
    }

    let question: Question
    private let answers = BlockingQueue<ControlAnswer>()
    private let onAnswer: (@Sendable (ControlAnswer) -> Void)?

    /// - Parameter onAnswer: called on the pipeline's thread, for who does not `wait`.
    init(_ question: Question, onAnswer: (@Sendable (ControlAnswer) -> Void)? = nil) {
        self.question = question
        self.onAnswer = onAnswer
    }

    func answer(_ answer: ControlAnswer) {
        if let onAnswer { onAnswer(answer) } else { answers.put(answer) }
    }

    /// Blocks until the answer is there.
    func wait() -> ControlAnswer {
        answers.takeAll(timeout: .seconds(10))?.first
            ?? .failed("the agent did not answer within 10 s; it may be stopping, or wait for a disk")
    }
}

/// Carries out requests in a running agent. Blocks: never to be called from the pipeline or the cooperative pool.
struct ControlDesk: Sendable {
    let inbox: Inbox<PipelineMessage>
    let fileSystem: any FileSystem
    let logger: Logger
    /// Reads and checks the configuration anew; nil where there is nothing to read it from.
    let load: (@Sendable () throws -> AgentConfiguration)?
    /// Told the topics of a new configuration.
    let onTopics: @Sendable (Set<String>) -> Void

    func carryOut(_ request: ControlRequest) throws(ControlError) -> [JSONValue] {
        let answer = request == .reload ? reload() : ask(.request(request))
        return try answer.json(request, fileSystem: fileSystem, now: SystemWallClock().now())
    }

    /// Told in the log as well.
    func reload() -> ControlAnswer {
        guard let load else { return .failed("this agent has no configuration file to read") }
        let new: AgentConfiguration
        do {
            new = try load()
        } catch {
            logger.error("the configuration stays as it was, since the new one is wrong:\n\(error)")
            return .failed("the configuration stays as it was, since the new one is wrong:\n\(error)")
        }
        // Asked for before they are written to, as at the start.
        onTopics(Set(new.sources.map(\.topic)))
        let answer = ask(.reload(new))
        switch answer {
        case .reloaded(let plan): logger.notice("reloaded: \(plan.summary)")
        case .failed(let reason): logger.error("the configuration stays as it was: \(reason)")
        case .files, .known, .sought, .status: break
        }
        return answer
    }

    private func ask(_ question: ControlTask.Question) -> ControlAnswer {
        let task = ControlTask(question)
        inbox.put(.control(task))
        return task.wait()
    }
}

extension Pipeline {
    func take(_ task: ControlTask) {
        switch task.question {
        case .reload(let configuration): task.answer(reload(configuration))
        case .request(.status): task.answer(.status(status))
        case .request(.files): task.answer(.files(fileReports))
        case .request(.explain): task.answer(.known(tailer.sources, fileReports))
        case .request(.seek(let path, let target)): task.answer(tailer.seeking(path, target))
        case .request(.reload): preconditionFailure("BUG: a reload comes with its configuration")
        }
    }
}

extension Tailer {
    /// In a running agent and for a stopped one alike.
    func seeking(_ path: FilePath, _ target: SeekTarget) -> ControlAnswer {
        do throws(SeekError) {
            return .sought(try seek(path, to: target))
        } catch {
            return .failed("\(error)")
        }
    }
}
