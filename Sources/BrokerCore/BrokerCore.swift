// BrokerCore: the collector without its sockets. A request's bytes go in, the response's bytes come out.
//
// A record's way through it:
//
//     connection's event loop   decodes the request, checks each batch's length and checksum, hands the batch to the
//                               storage thread of its partition
//     storage thread            judges the producer's sequence, stamps, appends; one fdatasync for all batches that came
//                               meanwhile; answers them, and wakes the fetches that wait for the partition
//     reader threads            read the batches' bytes for fetches and answer them
//
// It promises that a produce request with acks other than 0 is answered without error only when its batches are durable
// (flush policy `commit`), and that what a fetch returns is durable too. Requests are started in the order in which they
// are handed in; answers come from any thread, in any order, each exactly once.
