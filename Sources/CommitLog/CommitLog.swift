// CommitLog: one partition on disk.
//
// A partition is a directory of segments, in the file layout of Apache Kafka, so that Kafka's own tools read it:
//
//     00000000000000000000.log        record batches, one after the other, nothing else
//     00000000000000000000.index      per 8 bytes: int32 offset - base offset, int32 position in the .log
//     00000000000000000000.timeindex  per 12 bytes: int64 timestamp, int32 offset - base offset
//     00000000000004711000.log …      the file's name is the base offset of its first batch
//     00000000000004711000.producers  our own: the state of idempotent producers before that offset
//     recovery-point                  our own: up to where the log is known to be whole
//     segment-manifest                our own: what there is to know of segments without opening them
//     leader-epoch-checkpoint         text, as Kafka's
//
// Three offsets, dirty >= written >= durable: what was handed to the log, what the kernel has, what is on stable
// storage. Readers see up to durable. All appends of a moment share one fdatasync.
//
// It promises that what `synchronize` returned from is there after any crash, in order and once. After a crash the log
// opens with the tail cut behind the last whole batch, and indexes and producer state are built anew where they are
// missing or disagree with the log.
//
// Writing is for one thread at a time (`PartitionLog`); reading is for any (`LogReader`). It starts no threads, and
// every call may block.
