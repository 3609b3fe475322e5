package import NIOCore
package import Primitives
package import RecordBatches
internal import Synchronization

/// Where reading a partition begins.
package enum FetchStart: Sendable, Equatable {
    case earliest
    case latest
    /// So many records before the end, as counted by offsets.
    case beforeEnd(Int64)
    /// The first record that is not older.
    case time(Timestamp)
    case offset(Offset)
}

/// What to read, and how far.
package struct FetchConfiguration: Sendable {
    package var topics: [String]
    /// The partitions are given and taken away one by one (`FetchSession.assign`); `topics` is not looked at.
    var isAssigned = false
    /// nil: all of them, those that are added later included.
    package var partitions: Set<Int32>?
    package var start: FetchStart
    /// Where to go on when the offset wanted is not, or no longer, in the log; nil: that is an error.
    package var whenOutOfRange: FetchStart?
    /// The sequence ends when every partition has been read up to where it ended at the start.
    package var endsAtEnd: Bool
    /// Topics that do not exist are waited for. Where false, they are an error.
    package var waitsForTopics: Bool
    /// How long a broker may wait for data.
    package var longestWait: Duration
    /// The most a broker is asked for at once, and per partition.
    package var fetchBytes: Int32
    package var partitionBytes: Int32
    /// No more is fetched while this much waits to be taken.
    package var bufferBytes: Int

    package init(
        topics: [String], partitions: Set<Int32>? = nil, start: FetchStart = .latest,
        whenOutOfRange: FetchStart? = .earliest, endsAtEnd: Bool = false, waitsForTopics: Bool = true,
        longestWait: Duration = .milliseconds(500), fetchBytes: Int32 = 8 << 20, partitionBytes: Int32 = 4 << 20,
        bufferBytes: Int = 16 << 20
    ) {
        self.topics = topics
        self.partitions = partitions
        self.start = start
        self.whenOutOfRange = whenOutOfRange
        self.endsAtEnd = endsAtEnd
        self.waitsForTopics = waitsForTopics
        self.longestWait = longestWait
        self.fetchBytes = fetchBytes
        self.partitionBytes = partitionBytes
        self.bufferBytes = bufferBytes
    }
}

/// Something that happened beside the data.
package enum FetchEvent: Sendable {
    case waitingForTopic(String)
    case topicAppeared(String)
    /// The offset was not in the log; reading goes on elsewhere.
    case outOfRange(TopicPartition, wanted: Offset, now: Offset)
    /// What a broker sent in place of batches; the partition is tried again after a pause.
    case damaged(TopicPartition, at: Offset, BatchError)
    case trouble(KafkaClientError)
}

/// One record batch as the broker stored it.
package struct FetchedBatch: Sendable {
    package let topic: String
    package let partition: Int32
    package let header: RecordBatchHeader
    /// The first offset that was asked for; a batch may begin before it.
    package let from: Offset
    /// The whole batch.
    package let bytes: ByteBuffer

    /// Checks and decompresses.
    ///
    /// - Parameter foreign: for snappy and zstd; without it, `codecNotSupported`.
    package func contents(foreign: ForeignDecompressor? = nil) throws(BatchError) -> RecordBatchContents {
        let readable = bytes.readableBytesSpan
        return try RecordBatchContents(readable, foreign: foreign)
    }
}

/// Reads partitions of topics from their leaders, as a sequence of batches.
///
/// Per partition batches come in the order of the log, each one once. Leaders are followed, topics that do not exist yet
/// are waited for, and whatever fails is tried again with back-off; the sequence throws only for what cannot heal.
package struct RecordFetcher: AsyncSequence, Sendable {
    package typealias Element = FetchedBatch
    package typealias Failure = KafkaClientError

    private let cluster: KafkaCluster
    private let configuration: FetchConfiguration
    private let onEvent: @Sendable (FetchEvent) -> Void

    /// - Parameter onEvent: called on the cluster's event loop.
    package init(
        cluster: KafkaCluster, configuration: FetchConfiguration,
        onEvent: @escaping @Sendable (FetchEvent) -> Void = { _ in }
    ) {
        self.cluster = cluster
        self.configuration = configuration
        self.onEvent = onEvent
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(FetchSession(cluster: cluster, configuration: configuration, onEvent: onEvent))
    }

    package final class AsyncIterator: AsyncIteratorProtocol {
        private let session: FetchSession

        /// Whether the next batch is there already: where not, whoever buffers output may flush it.
        package var hasNext: Bool { session.buffered.load(ordering: .relaxed) > 0 }

        init(_ session: FetchSession) { self.session = session }

        deinit {
            let session = session
            Task { await session.stop() }
        }

        package func next() async throws(KafkaClientError) -> FetchedBatch? {
            try await next(isolation: #isolation)
        }

        /// nil at the end: of what was asked for, or of the task.
        package func next(isolation: isolated (any Actor)?) async throws(KafkaClientError) -> FetchedBatch? {
            try await withTaskCancellationHandler { () async -> Result<FetchedBatch?, KafkaClientError> in
                await session.take()
            } onCancel: { [session] in
                Task { await session.stop() }
            }.get()
        }
    }
}
