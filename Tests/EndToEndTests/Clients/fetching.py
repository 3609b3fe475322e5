"""What a fetch promises, one check after the other; ends with a message where one is broken."""

import argparse
import os
import struct
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer
from confluent_kafka import TopicPartition as ConfluentPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from wire import Connection, fetch_request, fetch_response

DEADLINE = 30


def expect(condition, message):
    if not condition:
        raise SystemExit(message)


def kafka_consumer(bootstrap, **settings):
    return KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, **settings)


def confluent_consumer(bootstrap, **settings):
    return Consumer({
        "bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False,
        **{name.replace("_", "."): value for name, value in settings.items()}})


def write(bootstrap, topic, values, timestamps=None, partition=0, **settings):
    failures = []
    producer = Producer({
        "bootstrap.servers": bootstrap,
        **{"linger.ms": 1000, "compression.type": "lz4", "message.max.bytes": 1_040_000,
           **{name.replace("_", "."): value for name, value in settings.items()}}})
    for number, value in enumerate(values):
        producer.produce(
            topic, value=value, partition=partition, timestamp=timestamps[number] if timestamps else 0,
            on_delivery=lambda error, _: error and failures.append(error))
    expect(producer.flush(DEADLINE) == 0 and not failures, f"not written: {failures[:1]}")


def long_poll(bootstrap):
    """A waiting fetch is answered when something comes, not when its time is up; and when its time is up, not before."""
    write(bootstrap, "poll", [b"first"])
    connection = Connection(bootstrap)
    connection.send(fetch_request("poll", {0: 1}, max_wait=20_000, min_bytes=1))
    connection.expect_silence(0.3)
    started = time.monotonic()
    write(bootstrap, "poll", [b"second"], linger_ms=0)
    answer = fetch_response(connection.receive())
    expect(answer[0].error == 0 and b"second" in answer[0].records, f"unexpected answer: {answer}")
    expect(time.monotonic() - started < 5, "the waiting fetch was answered late")

    started = time.monotonic()
    connection.send(fetch_request("poll", {0: 2}, max_wait=500, min_bytes=1))
    answer = fetch_response(connection.receive())
    expect(answer[0].records == b"", "records where there are none")
    expect(0.45 < time.monotonic() - started < 5, f"waited {time.monotonic() - started} s instead of 0.5")


def long_poll_of_clients(bootstrap):
    write(bootstrap, "polls", [b"first"])
    consumers = [
        kafka_consumer(bootstrap, fetch_max_wait_ms=20_000),
        confluent_consumer(bootstrap, fetch_wait_max_ms=20_000, socket_timeout_ms=60_000)]
    consumers[0].assign([TopicPartition("polls", 0)])
    consumers[0].seek(TopicPartition("polls", 0), 1)
    consumers[0].poll(timeout_ms=300)
    consumers[1].assign([ConfluentPartition("polls", 0, 1)])
    consumers[1].poll(0.3)
    started = time.monotonic()
    write(bootstrap, "polls", [b"second"], linger_ms=0)
    got = consumers[0].poll(timeout_ms=10_000)
    expect([r.value for records in got.values() for r in records] == [b"second"], f"kafka-python got {got}")
    message = consumers[1].poll(10)
    expect(message and message.value() == b"second", f"confluent got {message}")
    expect(time.monotonic() - started < 8, "the waiting fetches were answered late")
    for consumer in consumers:
        consumer.close()


def min_bytes(bootstrap):
    """A fetch that wants 10,000 bytes waits for them, over all of its partitions together."""
    write(bootstrap, "least", [b"x"], compression_type="none")
    connection = Connection(bootstrap)
    connection.send(fetch_request("least", {0: 0, 1: 0}, max_wait=20_000, min_bytes=10_000))
    connection.expect_silence(0.3)
    write(bootstrap, "least", [os.urandom(6000)], compression_type="none")
    connection.expect_silence(0.3)
    started = time.monotonic()
    write(bootstrap, "least", [os.urandom(6000)], partition=1, compression_type="none", linger_ms=0)
    answer = fetch_response(connection.receive())
    expect(sum(len(part.records) for part in answer) >= 12_000, "less than was waited for")
    expect(time.monotonic() - started < 5, "answered late")
    # What is too little when the time is up is the answer all the same.
    connection.send(fetch_request("least", {0: 0}, max_wait=300, min_bytes=1_000_000))
    expect(len(fetch_response(connection.receive())[0].records) > 6000, "nothing when the time was up")


def larger_than_the_limits(bootstrap):
    """A batch larger than every limit comes whole, and alone."""
    large = os.urandom(900_000)
    write(bootstrap, "large", [large, b"behind"], batch_num_messages=1)
    connection = Connection(bootstrap)
    for max_bytes, partition_bytes in [(1, 1), (1, 1 << 20), (1 << 20, 1), (0, 0)]:
        connection.send(fetch_request("large", {0: 0}, max_bytes=max_bytes, partition_bytes=partition_bytes))
        records = fetch_response(connection.receive())[0].records
        expect(large in records and b"behind" not in records, f"{len(records)} bytes for limits {max_bytes}, {partition_bytes}")
    # It does not push what another partition has over the limits.
    write(bootstrap, "large", [large], partition=1)
    connection.send(fetch_request("large", {0: 0, 1: 0}, max_bytes=1000, partition_bytes=1000))
    answer = fetch_response(connection.receive())
    expect(len(answer[0].records) > 900_000 and answer[1].records == b"", "the limits were broken more than once")

    consumer = kafka_consumer(bootstrap, max_partition_fetch_bytes=1000, fetch_max_bytes=1000)
    partition = TopicPartition("large", 0)
    consumer.assign([partition])
    consumer.seek(partition, 0)
    got, until = [], time.monotonic() + DEADLINE
    while len(got) < 2 and time.monotonic() < until:
        got += [r.value for records in consumer.poll(timeout_ms=500).values() for r in records]
    expect(got == [large, b"behind"], f"kafka-python got {[len(value) for value in got]}")
    consumer.close()
    consumer = confluent_consumer(bootstrap, max_partition_fetch_bytes=1000, message_max_bytes=1000, fetch_max_bytes=1000)
    consumer.assign([ConfluentPartition("large", 0, OFFSET_BEGINNING)])
    got = [message.value() for message in consumer.consume(2, timeout=DEADLINE)]
    expect(got == [large, b"behind"], f"confluent got {[len(value) for value in got]}")
    consumer.close()


def several_partitions(bootstrap):
    """A partition that has much does not keep the others from being read."""
    for partition in range(3):
        write(bootstrap, "several", [b"%d-%d" % (partition, n) + b"." * 1000 for n in range(1000 if partition == 0 else 20)],
              partition=partition, compression_type="none", batch_num_messages=10)
    for make in (
        lambda: kafka_consumer(bootstrap, max_partition_fetch_bytes=20_000, fetch_max_bytes=30_000),
        lambda: confluent_consumer(
            bootstrap, max_partition_fetch_bytes=20_000, fetch_max_bytes=30_000, message_max_bytes=30_000)
    ):
        consumer = make()
        got, until = {0: [], 1: [], 2: []}, time.monotonic() + DEADLINE
        if isinstance(consumer, KafkaConsumer):
            partitions = [TopicPartition("several", p) for p in got]
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
        else:
            consumer.assign([ConfluentPartition("several", p, OFFSET_BEGINNING) for p in got])
        while sum(map(len, got.values())) < 1040 and time.monotonic() < until:
            if isinstance(consumer, KafkaConsumer):
                for records in consumer.poll(timeout_ms=500).values():
                    for r in records:
                        got[r.partition].append(r.offset)
            else:
                for message in consumer.consume(500, timeout=0.5):
                    got[message.partition()].append(message.offset())
        expect(got == {0: list(range(1000)), 1: list(range(20)), 2: list(range(20))},
               f"{type(consumer).__name__} got {[len(offsets) for offsets in got.values()]}")
        consumer.close()


def every_offset(bootstrap):
    """From any offset inside a batch, the record at that offset is the first."""
    count = 1000
    write(bootstrap, "seek", [b"%d" % n for n in range(count)], batch_num_messages=100)
    consumer = kafka_consumer(bootstrap)
    partition = TopicPartition("seek", 0)
    consumer.assign([partition])
    for offset in range(count):
        consumer.seek(partition, offset)
        got, until = [], time.monotonic() + DEADLINE
        while not got and time.monotonic() < until:
            got = [r for records in consumer.poll(timeout_ms=500, max_records=3).values() for r in records]
        expect(
            [(r.offset, r.value) for r in got] == [(n, b"%d" % n) for n in range(offset, min(offset + 3, count))],
            f"kafka-python at {offset} got {got[:3]}")
    consumer.close()

    connection = Connection(bootstrap)
    inside = 0
    for offset in range(count):
        connection.send(fetch_request("seek", {0: offset}, partition_bytes=1))
        records = fetch_response(connection.receive())[0].records
        base, length = struct.unpack_from(">qi", records)
        last = base + struct.unpack_from(">i", records, 23)[0]
        expect(base <= offset <= last, f"the batch {base} to {last} for offset {offset}")
        inside += base < offset
    expect(inside > 800, f"only {inside} offsets lie inside a batch: too few to show anything")

    consumer = confluent_consumer(bootstrap, fetch_wait_max_ms=50)
    for offset in range(0, count, 7):
        consumer.assign([ConfluentPartition("seek", 0, offset)])
        messages = consumer.consume(1, timeout=DEADLINE)
        expect([(m.offset(), m.value()) for m in messages] == [(offset, b"%d" % offset)], f"confluent at {offset}")
    consumer.close()

    # One too far is out of range, and told as such.
    for offset, error in ((count, 0), (count + 1, 1), (-1, 1)):
        connection.send(fetch_request("seek", {0: offset}, max_wait=10))
        answer = fetch_response(connection.receive())[0]
        expect(answer.error == error and not answer.records, f"offset {offset} was answered with {answer}")


def times(bootstrap):
    """The first record at or after a time, wherever in a batch it is; also where times are not in order."""
    stamps = [1_700_000_000_000 + (n * 1000 if n % 50 else n * 1000 - 120_000) for n in range(500)]
    stamps[333] = 1_800_000_000_000
    for start in range(0, 500, 100):
        write(bootstrap, "times", [b"%d" % n for n in range(start, start + 100)], stamps[start:start + 100],
              batch_num_messages=100)
    python = kafka_consumer(bootstrap)
    confluent = confluent_consumer(bootstrap)
    partition = TopicPartition("times", 0)
    for asked in [0, 1] + [stamp + delta for stamp in stamps[::9] + [stamps[333]] for delta in (-1, 0, 1)]:
        wanted = next((n for n, stamp in enumerate(stamps) if stamp >= asked), None)
        found = python.offsets_for_times({partition: asked})[partition]
        expect((found and found.offset) == wanted, f"kafka-python found {found} for {asked}, not {wanted}")
        expect(found is None or found.timestamp == stamps[wanted], f"{found} for {asked}: the wrong time")
        found = confluent.offsets_for_times([ConfluentPartition("times", 0, asked)], timeout=DEADLINE)[0]
        # confluent tells the end of the partition where there is none.
        expect(found.error is None and found.offset == (-1 if wanted is None else wanted),
               f"confluent found {found} for {asked}, not {wanted}")
    expect(python.beginning_offsets([partition]) == {partition: 0}, "the earliest")
    expect(python.end_offsets([partition]) == {partition: 500}, "the latest")
    expect(confluent.get_watermark_offsets(ConfluentPartition("times", 0), timeout=DEADLINE) == (0, 500), "watermarks")
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for spec, wanted in ((OffsetSpec.earliest(), 0), (OffsetSpec.latest(), 500), (OffsetSpec.max_timestamp(), 333)):
        result = admin.list_offsets({ConfluentPartition("times", 0): spec}, request_timeout=DEADLINE)
        found = next(iter(result.values())).result().offset
        expect(found == wanted, f"{spec} is {found}, not {wanted}")
    python.close()
    confluent.close()


CHECKS = [long_poll, long_poll_of_clients, min_bytes, larger_than_the_limits, several_partitions, every_offset, times]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("check", choices=[check.__name__ for check in CHECKS])
    arguments = parser.parse_args()
    next(check for check in CHECKS if check.__name__ == arguments.check)(arguments.bootstrap)


if __name__ == "__main__":
    main()
