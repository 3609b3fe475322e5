// KafkaProtocol: the messages of the Kafka protocol, one file an API, each headed by the versions it speaks.
//
// It promises that what it decodes is checked: a foreign message gives a value or a `WireError`, never a crash, and
// never an allocation larger than the message's own bytes justify. It does no I/O and knows no clock. Record batches,
// and what the members of a group tell each other, pass through as slices, undecoded and uncopied.
//
// A message is one struct with the fields of all versions; decoding fills what the version lacks with defaults, encoding
// leaves it out. Every message goes both ways, for server and client.
//
// Source of every layout: Apache Kafka, clients/src/main/resources/common/message/*.json.
