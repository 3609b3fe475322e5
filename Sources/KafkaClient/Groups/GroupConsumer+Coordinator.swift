internal import KafkaProtocol

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

    /// A static member does not leave: it may come back, and its partitions wait for it until the session ends.
    func leave() async {
        guard configuration.instanceID == nil, !membership.memberID.isEmpty else { return }
        do throws(KafkaClientError) {
            let connection = try await connection(for: .administration)
            _ = try await connection.send(
                LeaveGroupRequest(
                    groupID: configuration.groupID,
                    members: [.init(memberID: membership.memberID, reason: "the consumer is being closed")]),
                timeout: configuration.closingTimeout)
        } catch {
            // The coordinator finds out when the session ends.
        }
    }
}
