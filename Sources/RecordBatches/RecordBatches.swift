// RecordBatches: Kafka's record batch, format v2, the one form that a line has from the agent's memory to the consumer.
//
// It builds batches, compresses them (lz4 frame, gzip, none), checks foreign ones, stamps what lies outside of the
// checksum, and reads records back. It promises that a batch which passes `RecordBatchHeader.check` has the length,
// the checksum and the counts that its header claims; the records inside are not looked at. It does no I/O.
//
//      byte  size  field                          under the CRC
//         0     8  base offset                    no: stamped by the collector
//         8     4  batch length, from byte 12 on  no
//        12     4  partition leader epoch         no: stamped by the collector
//        16     1  magic, 2                       no
//        17     4  CRC-32C of all from byte 21 on
//        21     2  attributes                     yes, as everything below
//        23     4  last offset delta
//        27     8  base timestamp, ms
//        35     8  max timestamp, ms
//        43     8  producer id, -1 for none
//        51     2  producer epoch
//        53     4  base sequence
//        57     4  record count
//        61     …  records, compressed as one where attributes say so
//
// A record: varint length of what follows, int8 attributes (unused), varint timestamp delta, varint offset delta, varint
// key length (-1 for null) and key, varint value length and value, varint header count, and per header varint key
// length, key, varint value length (-1 for null), value. All varints are signed (zigzag).
//
// Source: Apache Kafka, DefaultRecordBatch and DefaultRecord; KIP-98.
