"""Writes records that a careless reader trips over: without key, without value, both empty, and as large as a file."""

import sys

from confluent_kafka import Producer

_, _, bootstrap, topic, large = sys.argv
producer = Producer({"bootstrap.servers": bootstrap, "message.max.bytes": 1_040_000, "linger.ms": 5})
failures = []
with open(large, "rb") as file:
    records = [(None, b"v"), (b"k", None), (b"", b""), (None, file.read())]
for key, value in records:
    producer.produce(topic, key=key, value=value, on_delivery=lambda error, _: error and failures.append(error))
if producer.flush(30) or failures:
    raise SystemExit(f"not everything was taken: {failures}")
