"""Writes the lines of a file, each `KEY TAB VALUE`, to a topic, and waits for every acknowledgement that was asked for.
With --unkeyed the keys are left out, with --from-time the records are a second apart.

With --record FILE each acknowledged line's number is appended to FILE at once; the lines go on for as long as the
cluster is away."""

import argparse
import asyncio
import os
import time

# More than the largest record of these tests.
MAX_BYTES = 12 << 20


def lines(arguments):
    with open(arguments.lines, "rb") as file:
        content = file.read()
    started = time.monotonic()
    for number, line in enumerate(content.split(b"\n")[:-1]):
        if arguments.rate:
            time.sleep(max(0, started + number / arguments.rate - time.monotonic()))
        key, _, value = line.partition(b"\t")
        stamp = None if arguments.from_time is None else arguments.from_time + 1000 * number
        yield None if arguments.unkeyed else key, value, stamp


class Journal:
    """The numbers of the lines that were acknowledged."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if path else None
        self.failures = []

    def acknowledged(self, number):
        if self.file is not None:
            os.write(self.file, b"%d\n" % number)

    def failed(self, number, error):
        self.failures.append(f"line {number}: {error}")

    def finish(self):
        if self.failures:
            raise SystemExit(f"{len(self.failures)} lines failed; the first: {self.failures[0]}")


def kafka_python(arguments, journal):
    from kafka import KafkaProducer

    producer = KafkaProducer(
        bootstrap_servers=arguments.bootstrap, acks=arguments.acks if arguments.acks == "all" else int(arguments.acks),
        compression_type=None if arguments.compression == "none" else arguments.compression,
        enable_idempotence=arguments.idempotent, linger_ms=5, delivery_timeout_ms=100_000,
        max_request_size=MAX_BYTES)
    for number, (key, value, stamp) in enumerate(lines(arguments)):
        future = producer.send(arguments.topic, key=key, value=value, timestamp_ms=stamp)
        future.add_callback(lambda _, n=number: journal.acknowledged(n))
        future.add_errback(lambda error, n=number: journal.failed(n, error))
    producer.flush(timeout=100)
    producer.close(timeout=20)


def confluent(arguments, journal):
    from confluent_kafka import Producer

    producer = Producer({
        "bootstrap.servers": arguments.bootstrap, "acks": arguments.acks, "compression.type": arguments.compression,
        "enable.idempotence": arguments.idempotent, "linger.ms": 5, "message.timeout.ms": 100_000,
        "batch.num.messages": 500, "message.max.bytes": MAX_BYTES, "reconnect.backoff.max.ms": 500, "partitioner": "murmur2_random"})

    def told(number):
        return lambda error, _: journal.failed(number, error) if error else journal.acknowledged(number)

    for number, (key, value, stamp) in enumerate(lines(arguments)):
        while True:
            try:
                producer.produce(arguments.topic, key=key, value=value, timestamp=stamp or 0, on_delivery=told(number))
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    if producer.flush(100):
        raise SystemExit("not everything was acknowledged in time")


async def aiokafka(arguments, journal):
    from aiokafka import AIOKafkaProducer

    producer = AIOKafkaProducer(
        bootstrap_servers=arguments.bootstrap, acks=arguments.acks if arguments.acks == "all" else int(arguments.acks),
        compression_type=None if arguments.compression == "none" else arguments.compression,
        enable_idempotence=arguments.idempotent, linger_ms=5, max_request_size=MAX_BYTES)
    await producer.start()
    try:
        async def told(number, sent):
            try:
                await sent
                journal.acknowledged(number)
            except Exception as error:
                journal.failed(number, error)

        pending = []
        for number, (key, value, stamp) in enumerate(lines(arguments)):
            sent = await producer.send(arguments.topic, key=key, value=value, timestamp_ms=stamp)
            pending.append(asyncio.create_task(told(number, sent)))
        await producer.flush()
        await asyncio.gather(*pending)
    finally:
        await producer.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", required=True, choices=["kafka-python", "confluent", "aiokafka"])
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--compression", default="none")
    parser.add_argument("--acks", default="all")
    parser.add_argument("--idempotent", action="store_true")
    parser.add_argument("--unkeyed", action="store_true")
    parser.add_argument("--from-time", type=int, help="of the first record, in milliseconds")
    parser.add_argument("--record")
    parser.add_argument("--rate", type=int, help="lines a second")
    parser.add_argument("topic")
    parser.add_argument("lines")
    arguments = parser.parse_args()
    journal = Journal(arguments.record)
    if arguments.client == "kafka-python":
        kafka_python(arguments, journal)
    elif arguments.client == "confluent":
        confluent(arguments, journal)
    else:
        asyncio.run(aiokafka(arguments, journal))
    journal.finish()


if __name__ == "__main__":
    main()
