internal import KafkaProtocol
internal import Primitives

extension Broker {
    /// Has a request about groups done by the coordinator; `refuse` answers it where there is none to do it.
    func coordinate(
        refuse: @escaping @Sendable (ErrorCode) -> Void, _ work: @escaping @Sendable (GroupLoop) -> Void
    ) {
        let accepted = groups.submit { loop in
            if let code = loop.unavailable { return refuse(code) }
            work(loop)
        }
        if !accepted { refuse(.coordinatorNotAvailable) }
    }

    func caller(_ header: RequestHeader, _ client: ClientConnection) -> GroupCaller {
        // As Java writes an address without a name.
        GroupCaller(clientID: header.clientID ?? "", host: "/\(client.host)", version: header.apiVersion)
    }

    /// Deletes what groups have of a topic that is gone.
    func forgetOffsets(of topic: String) {
        // Where the log is still being read, this is seen when it has been.
        groups.submit { loop in
            if loop.unavailable == nil { loop.table.forget(topics: { $0 == topic }, nil) }
        }
    }

    func refuseInternal(_ topic: String) throws(ChangeRefusal) {
        guard TopicName.isInternal(topic) else { return }
        throw ChangeRefusal(
            code: .invalidTopicException, message: "\(topic) is the collector's own topic; it cannot be changed so")
    }
}
