internal import ArgumentParser
internal import KafkaClient
internal import KafkaProtocol
internal import Logging
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Where the brokers are; common to all commands.
struct ClusterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The brokers' addresses. Default: TRIBUTARY_BOOTSTRAP, else 127.0.0.1:9092.",
            valueName: "host:port[,host:port]"))
    var bootstrap: String?

    @Flag(name: .shortAndLong, help: "Tell on standard error what the client does.")
    var verbose = false

    func addresses() throws -> [BrokerAddress] {
        let environment = unsafe getenv("TRIBUTARY_BOOTSTRAP").map { unsafe String(cString: $0) }
        let text = bootstrap ?? environment
        do throws(KafkaClientError) {
            return try BrokerAddress.list(text ?? "127.0.0.1:\(BrokerAddress.defaultPort)")
        } catch {
            throw ValidationError("\(error)")
        }
    }
}

/// Runs a command against a cluster, and turns what goes wrong into one line and an exit status.
func withCluster(_ options: ClusterOptions, _ body: (KafkaCluster) async throws -> Void) async throws {
    // A reader that went away is told by the write's error.
    signal(SIGPIPE, SIG_IGN)
    let addresses = try options.addresses()
    let level: Logger.Level = options.verbose ? .debug : .critical
    var logger = Logger(label: "tributary") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = level
    let cluster = KafkaCluster(
        ClusterConfiguration(bootstrap: addresses), eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
        logger: logger)
    do {
        try await body(cluster)
    } catch let error as KafkaClientError {
        say(error)
        throw ExitCode.failure
    } catch let complaint as Complaint {
        say(complaint.text)
        throw ExitCode.failure
    } catch is StandardOutput.Closed {
        // `tributary tail … | head` is no error.
    } catch let error as StandardOutput.Failed {
        say("cannot write: \(error.reason)")
        throw ExitCode.failure
    } catch let error as StandardInputFailed {
        say("cannot read: \(error.reason)")
        throw ExitCode.failure
    }
    await cluster.close()
}

/// One line on standard error.
func say(_ line: String) {
    let bytes = Array("tributary: \(line)\n".utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
}

func say(_ error: KafkaClientError) {
    switch error {
    case .noBrokerReachable, .connectFailed:
        say("\(error) (is the collector running there? --bootstrap HOST:PORT names another)")
    case .refused(_, .unknownTopicOrPartition, let name, _):
        say("there is no topic '\(name)' (`tributary topics list` shows those there are)")
    case .refused(_, let code, _, _): say("\(error)\(advice(on: code).map { " (\($0))" } ?? "")")
    default: say("\(error)")
    }
}

/// What to do about an error, where its name alone does not say.
private func advice(on code: ErrorCode) -> String? {
    switch code {
    case .groupIDNotFound: "`tributary groups list` shows the groups there are"
    case .nonEmptyGroup: "the group has members: stop them first"
    case .groupSubscribedToTopic: "the group's members read this topic: stop them first"
    case .fencedInstanceID: "another member has the same --instance-id"
    case .invalidSessionTimeout: "the broker bounds --session-timeout"
    case .inconsistentGroupProtocol: "the group's members share out partitions in another way: see --assignor"
    case .groupMaxSizeReached: "the group has as many members as the broker allows"
    case .coordinatorNotAvailable, .notCoordinator, .coordinatorLoadInProgress:
        "the group's coordinator is not ready: try again in a moment"
    case .topicAuthorizationFailed, .groupAuthorizationFailed, .clusterAuthorizationFailed:
        "the broker's access rules do not allow it"
    case .offsetOutOfRange: "--offset-reset earliest or latest goes on there"
    case .topicAlreadyExists: "`tributary topics alter` changes one that is there"
    default: nil
    }
}
