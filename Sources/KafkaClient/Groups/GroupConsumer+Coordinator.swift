internal import KafkaProtocol
internal import NIOCore

/// Heartbeats, commits and leaving: what is asked of the coordinator beside joining.
extension GroupConsumer {
    func beat() async {
        while !isClosing {
            do { try await Task.sleep(for: configuration.heartbeatInterval) } catch { return }
            guard membership.beats else { continue }
            let (memberID, generation) = (membership.memberID, membership.generation)
            do throws(KafkaClientError) {
                let connection = try await connection(for: .administration)
                let answer = try await connection.send(
                    HeartbeatRequest(
                        groupID: configuration.groupID, generationID: generation, memberID: memberID,
                        groupInstanceID: configuration.instanceID),
                    timeout: configuration.sessionTimeout / 2)
                membership.heartbeatAnswered(answer.errorCode, memberID: memberID, generation: generation)
            } catch {
                if isClosing { return }
                onEvent(.trouble(error))
                membership.failed(error, during: .heartbeat)
            }
            wake()
        }
    }

    func commitRegularly() async {
        while !isClosing {
            do { try await Task.sleep(for: configuration.commitInterval) } catch { return }
            if !uncommitted.isEmpty, membership.phase == .stable { await commit() }
        }
    }

    /// Commits what is written, one request after the other: an earlier offset must not overtake a later one.
    func commit() async {
        while let underway = commitUnderway { await underway.value }
        let task = Task {
            await commitOnce()
            commitUnderway = nil
        }
        commitUnderway = task
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    private func commitOnce() async {
        let offsets = uncommitted
        guard !offsets.isEmpty, membership.phase == .stable else { return }
        let (memberID, generation) = (membership.memberID, membership.generation)
        do throws(KafkaClientError) {
            let connection = try await connection(for: .administration)
            let answer = try await connection.send(
                OffsetCommitRequest(
                    groupID: configuration.groupID, generation: generation, memberID: memberID,
                    instanceID: configuration.instanceID, offsets))
            let refusals = answer.refusals
            for (place, offset) in offsets {
                let verdict = membership.commitAnswered(
                    refusals[place] ?? .none, memberID: memberID, generation: generation)
                // What was written meanwhile stays for the next commit.
                if verdict != .again, uncommitted[place] == offset { uncommitted[place] = nil }
            }
            if !refusals.isEmpty { wake() }
        } catch {
            if isClosing { return }
            onEvent(.trouble(error))
            membership.failed(error, during: .offsetCommit)
            wake()
        }
    }

    /// Leaves the group to others while the user asks for nothing, as it may be stuck for good.
    func watchUser() async {
        let interval = configuration.maximumPollInterval
        while !isClosing {
            let idle = busySince.map { Duration(NIODeadline.now() - $0) } ?? .zero
            var rest = interval - idle
            if idle >= interval, !membership.isStalled {
                let memberID = membership.memberID
                if membership.stalled() {
                    onEvent(.stalled)
                    endWriteOut()
                    wake()
                    await leave(memberID, because: "its user asked for no records for \(interval)")
                }
            }
            // Where an answer was waited for, or nothing can change before the user asks.
            if rest <= .zero { rest = membership.isStalled ? interval : min(interval, .milliseconds(100)) }
            do { try await Task.sleep(for: rest) } catch { return }
        }
    }

    /// A static member does not leave: it may come back, and its partitions wait for it until the session ends.
    func leave(_ memberID: String, because reason: String) async {
        guard configuration.instanceID == nil, !memberID.isEmpty else { return }
        do throws(KafkaClientError) {
            let connection = try await connection(for: .administration)
            _ = try await connection.send(
                LeaveGroupRequest(
                    groupID: configuration.groupID,
                    members: [.init(memberID: memberID, reason: reason)]),
                timeout: configuration.closingTimeout)
        } catch {
            // The coordinator finds out when the session ends.
        }
    }
}
