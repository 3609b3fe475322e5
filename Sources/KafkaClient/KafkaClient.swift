// KafkaClient: a Kafka client for one process, on swift-nio.
//
// `BrokerConnection` is one TCP connection with pipelined requests; `KafkaCluster` knows brokers, topics and leaders and
// keeps connections; `BatchProducer` ships finished record batches exactly once and in order per partition;
// `RecordFetcher` reads them back. It promises that every request is answered or fails exactly once, that a batch given to
// the producer is acknowledged, refused for good, or held, and that everything that waits for a broker backs off.
//
// It does not decode records on the way to a broker, does not cut or join batches, and stores nothing on disk: identity
// and sequence numbers that shall outlive the process are handed in and out.
//
// Everything of one cluster runs on one event loop: connections, cluster, producer and fetcher need no locks between them,
// and requests leave in the order in which they were decided.
