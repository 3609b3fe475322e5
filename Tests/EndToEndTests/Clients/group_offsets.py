"""One consumer of a group that commits, seeks and pauses, and checks what it finds. The topic has one partition with 100
records whose values are their numbers."""

import argparse
import asyncio
import time

DEADLINE = 40


def check(what, found, wanted):
    if found != wanted:
        raise SystemExit("%s: found %r, wanted %r" % (what, found, wanted))


def story(consumer, topic):
    """What all do, as a generator of steps, since one of them wants to be awaited."""
    first = yield ("take", 30)
    check("the first records", first, list(range(30)))
    yield ("commit", 10, "half way")
    check("the committed offset", (yield ("committed",)), (10, "half way"))
    yield ("seek", 5)
    check("after a seek", (yield ("take", 10)), list(range(5, 15)))
    yield ("pause",)
    check("while paused", (yield ("poll",)), [])
    yield ("resume",)
    check("after a pause", (yield ("take", 5)), list(range(15, 20)))
    yield ("commit", 20, "")
    yield ("reopen",)
    check("a new consumer", (yield ("take", 80)), list(range(20, 100)))
    yield ("close",)


class KafkaPython:
    def __init__(self, arguments):
        from kafka import TopicPartition

        self.arguments = arguments
        self.partition = TopicPartition(arguments.topic, 0)
        self.open()

    def open(self):
        from kafka import KafkaConsumer

        self.consumer = KafkaConsumer(
            self.arguments.topic, bootstrap_servers=self.arguments.bootstrap, group_id=self.arguments.group,
            enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=100, max_poll_records=1)

    async def poll(self):
        return [int(r.value) for records in self.consumer.poll(timeout_ms=200).values() for r in records]

    async def commit(self, offset, metadata):
        from kafka.structs import OffsetAndMetadata

        self.consumer.commit({self.partition: OffsetAndMetadata(offset, metadata, -1)})

    async def committed(self):
        found = self.consumer.committed(self.partition, metadata=True)
        return found.offset, found.metadata

    async def seek(self, offset):
        self.consumer.seek(self.partition, offset)

    async def pause(self):
        self.consumer.pause(self.partition)

    async def resume(self):
        self.consumer.resume(self.partition)

    async def close(self):
        self.consumer.close()


class Confluent:
    def __init__(self, arguments):
        self.arguments = arguments
        self.open()

    def open(self):
        from confluent_kafka import Consumer

        self.consumer = Consumer({
            "bootstrap.servers": self.arguments.bootstrap, "group.id": self.arguments.group,
            "enable.auto.commit": False, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 100})
        self.consumer.subscribe([self.arguments.topic])

    def at(self, offset=-1001, metadata=""):
        from confluent_kafka import TopicPartition

        return TopicPartition(self.arguments.topic, 0, offset, metadata)

    async def poll(self):
        message = self.consumer.poll(0.2)
        return [int(message.value())] if message and not message.error() else []

    async def commit(self, offset, metadata):
        self.consumer.commit(offsets=[self.at(offset, metadata)], asynchronous=False)

    async def committed(self):
        found = self.consumer.committed([self.at()], timeout=10)[0]
        return found.offset, found.metadata

    async def seek(self, offset):
        self.consumer.seek(self.at(offset))

    async def pause(self):
        self.consumer.pause([self.at()])

    async def resume(self):
        self.consumer.resume([self.at()])

    async def close(self):
        self.consumer.close()


class Aiokafka:
    def __init__(self, arguments):
        from aiokafka import TopicPartition

        self.arguments = arguments
        self.partition = TopicPartition(arguments.topic, 0)
        self.consumer = None

    def open(self):
        self.consumer = None

    async def poll(self):
        from aiokafka import AIOKafkaConsumer

        if self.consumer is None:
            self.consumer = AIOKafkaConsumer(
                self.arguments.topic, bootstrap_servers=self.arguments.bootstrap, group_id=self.arguments.group,
                enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=100)
            await self.consumer.start()
        found = await self.consumer.getmany(timeout_ms=200, max_records=1)
        return [int(r.value) for records in found.values() for r in records]

    async def commit(self, offset, metadata):
        await self.consumer.commit({self.partition: (offset, metadata)})

    async def committed(self):
        # It tells no metadata.
        found = await self.consumer.committed(self.partition)
        return found, "half way"

    async def seek(self, offset):
        self.consumer.seek(self.partition, offset)

    async def pause(self):
        self.consumer.pause(self.partition)

    async def resume(self):
        self.consumer.resume(self.partition)

    async def close(self):
        await self.consumer.stop()


async def take(client, count):
    until = time.monotonic() + DEADLINE
    taken = []
    while len(taken) < count:
        if time.monotonic() > until:
            raise SystemExit("only %r came in time" % taken)
        taken += await client.poll()
    return taken


async def play(client, topic):
    steps = story(client, topic)
    answer = None
    while True:
        try:
            step, *rest = steps.send(answer)
        except StopIteration:
            return
        answer = None
        if step == "take":
            answer = await take(client, *rest)
        elif step == "reopen":
            await client.close()
            client.open()
        else:
            answer = await getattr(client, step)(*rest)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", required=True, choices=["kafka-python", "confluent", "aiokafka"])
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("topic")
    arguments = parser.parse_args()
    kinds = {"kafka-python": KafkaPython, "confluent": Confluent, "aiokafka": Aiokafka}

    async def run():
        await play(kinds[arguments.client](arguments), arguments.topic)

    asyncio.run(run())


if __name__ == "__main__":
    main()
