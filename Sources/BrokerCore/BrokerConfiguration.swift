internal import CommitLog
package import SystemPackage

/// When an append is acknowledged, and shown to consumers.
package enum FlushPolicy: Hashable, Sendable {
    /// After an fdatasync that all batches of the moment share. What was acknowledged survives a loss of power.
    case commit
    /// When the kernel has it; an fdatasync follows at least this often. A crash of the process loses nothing, a loss of
    /// power at most what came since the last fdatasync.
    case interval(milliseconds: Int64)
    /// When the kernel has it; the kernel writes it out when it likes. A crash of the process loses nothing.
    case os
}

/// The collector's settings, as the core needs them.
package struct BrokerConfiguration: Sendable {
    package var dataDirectory: FilePath
    package var flush = FlushPolicy.commit
    package var autoCreateTopics = true
    package var topics = TopicRules()
    /// Threads that append and sync; partitions are spread over them.
    package var storageThreads = 4
    /// Threads that read for fetches what is in memory.
    package var readerThreads = 4
    /// Threads that read for fetches what has to come from the disk: reads that the disk gets at a time.
    package var diskReaderThreads = 8
    /// `queued.max.request.bytes`: bytes of requests and responses in flight, together.
    package var maximumBytesInFlight = 256 << 20
    /// `min.free.bytes`: when the disk has less free, appends are refused until it has more again. Enough for what has to
    /// be written still to go on and to stop cleanly: the registry, and the index ends, snapshots and recovery points of
    /// a thousand partitions.
    package var minimumFreeBytes: Int64 = 64 << 20
    /// `log.retention.check.interval.ms`
    package var retentionCheckInterval = Duration.seconds(300)
    package var compactor = CompactorConfiguration()
    /// `node.id`
    package var nodeID: Int32 = 1
    /// `super.users`: who may do everything, whatever the access rules say; "User:alice" for instance.
    package var superUsers: [String] = []
    /// `allow.everyone.if.no.acl.found`: whether what no access rule is about is open when there are rules, too.
    package var allowsEveryoneWithoutRule = false
    /// Settings that matter to layers above only, under Kafka's names: for DescribeConfigs to tell.
    package var otherSettings: [(name: String, value: String)] = []
    /// `max.incremental.fetch.session.cache.slots`: fetch sessions at a time.
    package var fetchSessionSlots = 1000
    /// `producer_byte_rate`, for each client id that no other quota fits; nil: no limit.
    package var producerByteRate: Int?
    /// `consumer_byte_rate`, likewise.
    package var consumerByteRate: Int?
    /// Where clients are told to connect; nil: to the address at which they came in.
    package var advertised: BrokerAddress?

    package var groups = GroupSettings()

    package init(dataDirectory: FilePath) {
        self.dataDirectory = dataDirectory
    }

    var quotas: [QuotaKey: Double] {
        var quotas: [QuotaKey: Double] = [:]
        quotas[.produce] = producerByteRate.map(Double.init)
        quotas[.fetch] = consumerByteRate.map(Double.init)
        return quotas
    }
}

package struct BrokerAddress: Hashable, Sendable {
    package var host: String
    package var port: Int32

    package init(host: String, port: Int32) {
        self.host = host
        self.port = port
    }
}
