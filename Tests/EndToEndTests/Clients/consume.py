"""Reads every partition of a topic, from its beginning or from a time, to its present end by manual assignment, and prints
`PARTITION OFFSET TIMESTAMP KEYLENGTH VALUELENGTH KEYVALUE` for each record."""

import argparse
import asyncio
import sys
import time

DEADLINE = 50


def show(partition, offset, timestamp, key, value):
    out = sys.stdout.buffer
    lengths = (-1 if key is None else len(key), -1 if value is None else len(value))
    out.write(b"%d %d %d %d %d " % (partition, offset, timestamp, *lengths))
    out.write((key or b"") + (value or b"") + b"\n")


def expired(until):
    if time.monotonic() > until:
        raise SystemExit("not all records arrived in time")


def kafka_python(arguments):
    from kafka import KafkaConsumer, TopicPartition

    consumer = KafkaConsumer(
        bootstrap_servers=arguments.bootstrap, group_id=None, enable_auto_commit=False, check_crcs=True,
        fetch_max_wait_ms=200)
    until = time.monotonic() + DEADLINE
    partitions = [TopicPartition(arguments.topic, p) for p in consumer.partitions_for_topic(arguments.topic)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    if arguments.from_time is not None:
        for p, found in consumer.offsets_for_times({p: arguments.from_time for p in partitions}).items():
            consumer.seek(p, found.offset if found else ends[p])
    while any(consumer.position(p) < ends[p] for p in partitions):
        expired(until)
        for records in consumer.poll(timeout_ms=1000).values():
            for r in records:
                show(r.partition, r.offset, r.timestamp, r.key, r.value)
    consumer.close()


def confluent(arguments):
    from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

    consumer = Consumer({
        "bootstrap.servers": arguments.bootstrap, "group.id": "unused", "enable.auto.commit": False,
        "check.crcs": True, "fetch.wait.max.ms": 200})
    until = time.monotonic() + DEADLINE
    partitions = consumer.list_topics(arguments.topic, timeout=20).topics[arguments.topic].partitions
    left = {}
    for p in partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(arguments.topic, p), timeout=20)
        if high > low:
            left[p] = high
    starts = [TopicPartition(arguments.topic, p, OFFSET_BEGINNING) for p in partitions]
    if arguments.from_time is not None:
        asked = [TopicPartition(arguments.topic, p, arguments.from_time) for p in partitions]
        starts = consumer.offsets_for_times(asked, timeout=20)
        # Of a partition where nothing is that late, -1: the end.
        left = {p.partition: left[p.partition] for p in starts if 0 <= p.offset < left.get(p.partition, 0)}
    consumer.assign(starts)
    while left:
        expired(until)
        for message in consumer.consume(1000, timeout=0.2):
            if message.error():
                raise KafkaException(message.error())
            show(message.partition(), message.offset(), message.timestamp()[1], message.key(), message.value())
            if message.offset() + 1 >= left.get(message.partition(), sys.maxsize):
                del left[message.partition()]
    consumer.close()


async def aiokafka(arguments):
    from aiokafka import AIOKafkaConsumer, TopicPartition

    consumer = AIOKafkaConsumer(
        bootstrap_servers=arguments.bootstrap, group_id=None, enable_auto_commit=False, check_crcs=True,
        fetch_max_wait_ms=200)
    await consumer.start()
    try:
        until = time.monotonic() + DEADLINE
        partitions = []
        while not partitions:
            expired(until)
            await consumer._client.force_metadata_update()
            await consumer._client.add_topic(arguments.topic)
            partitions = [TopicPartition(arguments.topic, p) for p in consumer.partitions_for_topic(arguments.topic) or []]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        if arguments.from_time is not None:
            for p, found in (await consumer.offsets_for_times({p: arguments.from_time for p in partitions})).items():
                consumer.seek(p, found.offset if found else ends[p])
        while True:
            positions = [await consumer.position(p) >= ends[p] for p in partitions]
            if all(positions):
                break
            expired(until)
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for r in records:
                    show(r.partition, r.offset, r.timestamp, r.key, r.value)
    finally:
        await consumer.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", required=True, choices=["kafka-python", "confluent", "aiokafka"])
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--from-time", type=int, help="in milliseconds")
    parser.add_argument("topic")
    arguments = parser.parse_args()
    if arguments.client == "kafka-python":
        kafka_python(arguments)
    elif arguments.client == "confluent":
        confluent(arguments)
    else:
        asyncio.run(aiokafka(arguments))


if __name__ == "__main__":
    main()
