// KafkaClient: being written.
