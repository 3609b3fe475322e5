import Testing

/// The built programs against each other and against Kafka clients of other makes. One test after the other: each starts
/// programs of its own, and the load of one is not to fail the deadlines of another.
@Suite(.serialized, .timeLimit(.minutes(10)))
enum EndToEndTests {}
