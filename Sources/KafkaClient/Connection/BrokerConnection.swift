package import KafkaProtocol
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// How connections are made and bounded.
package struct ConnectionConfiguration: Sendable {
    package var clientID: String
    package var connectTimeout: Duration
    /// How long an answer may take, from when the request was handed to the connection.
    package var requestTimeout: Duration
    /// The largest answer accepted. Kafka's own limit on requests, plus what a fetch of one larger batch may add.
    package var frameLimit: Int
    /// Where a host is, for each connection anew; nil: what getaddrinfo(3) says. Called on the event loop: to be quick.
    package var resolve: (@Sendable (_ host: String, _ port: Int) -> [SocketAddress])?

    package init(
        clientID: String = "tributary", connectTimeout: Duration = .seconds(5), requestTimeout: Duration = .seconds(30),
        frameLimit: Int = (100 << 20) + (1 << 16)
    ) {
        self.clientID = clientID
        self.connectTimeout = connectTimeout
        self.requestTimeout = requestTimeout
        self.frameLimit = frameLimit
    }
}

/// One TCP connection to a broker, with the versions of the APIs agreed.
///
/// Requests are pipelined and answered in order; each one completes exactly once. A request that is not answered in time,
/// and an answer that is none, end the connection. Thread-safe.
package final class BrokerConnection: Sendable {
    package let address: BrokerAddress
    /// What the broker said it speaks.
    package let versions: [APIKey: ClosedRange<Int16>]
    private let configuration: ConnectionConfiguration
    private let channel: any Channel
    private let handler: NIOLoopBound<BrokerHandler>
    private let tokens = Atomic<UInt64>(0)

    private init(
        address: BrokerAddress, versions: [APIKey: ClosedRange<Int16>], configuration: ConnectionConfiguration,
        channel: any Channel, handler: NIOLoopBound<BrokerHandler>
    ) {
        self.address = address
        self.versions = versions
        self.configuration = configuration
        self.channel = channel
        self.handler = handler
    }

    /// Connects and asks the broker for its versions. The name is resolved anew each time.
    package static func connect(
        to address: BrokerAddress, configuration: ConnectionConfiguration, eventLoop: any EventLoop
    ) async throws(KafkaClientError) -> BrokerConnection {
        do throws(KafkaClientError) {
            return try await agree(try await open(to: address, configuration, eventLoop), in: 3)
        } catch {
            switch error {
            // Not all brokers that lack version 3 say so as KIP-511 wants it: some hang up, some answer in another layout.
            case .malformedAnswer, .connectionLost, .apiNotSpoken:
                return try await agree(try await open(to: address, configuration, eventLoop), in: 0)
            default: throw error
            }
        }
    }

    /// A connection that knows no more than ApiVersions.
    private static func open(
        to address: BrokerAddress, _ configuration: ConnectionConfiguration, _ eventLoop: any EventLoop
    ) async throws(KafkaClientError) -> BrokerConnection {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .resolver(configuration.resolve.map { HandedInResolver(eventLoop: eventLoop, resolve: $0) })
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 16384, maximum: 1 << 18)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = BrokerHandler(address: address, frameLimit: configuration.frameLimit)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        do {
            let (channel, handler) = try await bootstrap.connect(host: address.host, port: address.port)
                .flatMapThrowing { channel in
                    let handler = try channel.pipeline.syncOperations.handler(type: BrokerHandler.self)
                    return (channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
                }.get()
            return BrokerConnection(
                address: address, versions: [.apiVersions: 0...3], configuration: configuration, channel: channel,
                handler: handler)
        } catch {
            throw .connectFailed(address, reason: ConnectFailure.reason(of: error))
        }
    }

    private static func agree(
        _ unagreed: BrokerConnection, in version: Int16
    ) async throws(KafkaClientError) -> BrokerConnection {
        let request = ApiVersionsRequest(clientSoftwareName: "tributary", clientSoftwareVersion: "1")
        let answer = try await unagreed.send(request, atMostVersion: version)
        guard answer.errorCode == .none else {
            unagreed.close()
            if answer.errorCode == .unsupportedVersion { throw .apiNotSpoken(unagreed.address, .apiVersions) }
            throw .connectFailed(unagreed.address, reason: "ApiVersions gave \(answer.errorCode)")
        }
        var versions: [APIKey: ClosedRange<Int16>] = [:]
        for api in answer.apis where api.minVersion <= api.maxVersion {
            versions[api.key] = api.minVersion...api.maxVersion
        }
        return BrokerConnection(
            address: unagreed.address, versions: versions, configuration: unagreed.configuration,
            channel: unagreed.channel, handler: unagreed.handler)
    }

    package var isOpen: Bool { channel.isActive }

    /// Called when the connection has ended, for whatever reason.
    package func onClose(_ body: @escaping @Sendable () -> Void) {
        channel.closeFuture.whenComplete { _ in body() }
    }

    /// The highest version of the request that both sides speak; nil where there is none.
    package func version<Request: KafkaRequest>(
        of _: Request.Type, atMost limit: Int16 = Request.lastVersionByName
    ) -> Int16? {
        guard let theirs = versions[Request.key] else { return nil }
        let highest = min(theirs.upperBound, Request.versions.upperBound, limit)
        return highest >= max(theirs.lowerBound, Request.versions.lowerBound) ? highest : nil
    }

    /// Sends a request and waits for its answer.
    ///
    /// Cancelling the task ends the waiting, not the request.
    package func send<Request: KafkaRequest>(
        _ request: Request, timeout: Duration? = nil, atMostVersion limit: Int16 = Request.lastVersionByName
    ) async throws(KafkaClientError) -> Request.Response {
        let token = tokens.wrappingAdd(1, ordering: .relaxed).newValue
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation {
                (waiter: CheckedContinuation<Result<Request.Response, KafkaClientError>, Never>) in
                send(request, token: token, timeout: timeout, limit: limit) { waiter.resume(returning: $0) }
                // Where the task was cancelled before, `onCancel` came too early to find the request.
                if Task.isCancelled { onLoop { $0.cancel(token: token) } }
            }
        } onCancel: {
            onLoop { $0.cancel(token: token) }
        }
        return try result.get()
    }

    /// Sends a request; `completion` is called exactly once, on the event loop. Requests leave in the order of the calls.
    package func send<Request: KafkaRequest>(
        _ request: Request, timeout: Duration? = nil, atMostVersion limit: Int16 = Request.lastVersionByName,
        completion: @escaping @Sendable (Result<Request.Response, KafkaClientError>) -> Void
    ) {
        let token = tokens.wrappingAdd(1, ordering: .relaxed).newValue
        send(request, token: token, timeout: timeout, limit: limit, completion)
    }

    private func send<Request: KafkaRequest>(
        _ request: Request, token: UInt64, timeout: Duration?, limit: Int16,
        _ completion: @escaping @Sendable (Result<Request.Response, KafkaClientError>) -> Void
    ) {
        guard let version = version(of: Request.self, atMost: limit) else {
            let error = KafkaClientError.apiNotSpoken(address, Request.key)
            return onLoop { _ in completion(.failure(error)) }
        }
        let outbound = OutboundRequest(
            token: token, api: Request.key, version: version,
            timeout: TimeAmount(timeout ?? configuration.requestTimeout), isAnswered: true,
            encode: { [clientID = configuration.clientID] in
                request.frame(version: version, correlationID: $0, clientID: clientID)
            },
            complete: { [self] in completion(decode(Request.self, $0, version: version)) })
        onLoop { $0.send(outbound) }
    }

    /// Sends batches with acks=0, which no broker answers. That they were written says nothing about what becomes of them.
    package func sendUnacknowledged(_ request: ProduceRequest) async throws(KafkaClientError) {
        precondition(request.acknowledgements == 0, "BUG: a request that is answered was sent as one that is not")
        guard let version = version(of: ProduceRequest.self) else {
            throw .apiNotSpoken(address, .produce)
        }
        let token = tokens.wrappingAdd(1, ordering: .relaxed).newValue
        let clientID = configuration.clientID
        let result = await withCheckedContinuation {
            (waiter: CheckedContinuation<Result<ResponseFrame?, KafkaClientError>, Never>) in
            let outbound = OutboundRequest(
                token: token, api: .produce, version: version, timeout: .zero, isAnswered: false,
                encode: { request.frame(version: version, correlationID: $0, clientID: clientID) },
                complete: { waiter.resume(returning: $0) })
            onLoop { $0.send(outbound) }
        }
        _ = try result.get()
    }

    private func decode<Request: KafkaRequest>(
        _: Request.Type, _ result: Result<ResponseFrame?, KafkaClientError>, version: Int16
    ) -> Result<Request.Response, KafkaClientError> {
        switch result {
        case .failure(let error): return .failure(error)
        case .success(let frame):
            guard let frame else { preconditionFailure("BUG: an answered request without its answer") }
            do throws(WireError) {
                return .success(try frame.decode(Request.self, version: version))
            } catch {
                // What follows on this connection cannot be trusted either.
                let error = KafkaClientError.malformedAnswer(address, Request.key, reason: "\(error)")
                handler.value.close(error)
                return .failure(error)
            }
        }
    }

    /// Ends the connection; whatever waits fails.
    package func close() {
        onLoop { [address] in $0.close(.connectionLost(address, reason: "closed by this client")) }
    }

    private func onLoop(_ body: @escaping @Sendable (BrokerHandler) -> Void) {
        if channel.eventLoop.inEventLoop {
            body(handler.value)
        } else {
            channel.eventLoop.execute { body(self.handler.value) }
        }
    }
}
