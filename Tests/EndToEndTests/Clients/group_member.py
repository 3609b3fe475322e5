"""A member of a consumer group: reads, and commits each batch before it takes the next, until it is told to end
(SIGTERM). Prints what happens, a line each, with the time of the machine's clock before it:

    TIME assigned P,P,...      from here on these are its (with a cooperative protocol, these too)
    TIME revoked P,P,...
    TIME record P OFFSET VALUE
    TIME committed P OFFSET    the collector has answered
    TIME failed REASON
    TIME ended"""

import argparse
import asyncio
import os
import select
import signal
import socket
import time

ending = False


def end(*_):
    global ending
    ending = True


def say(*lines):
    now = time.monotonic()
    os.write(1, b"".join(b"%.6f %s\n" % (now, line.encode() if isinstance(line, str) else line) for line in lines))


def wait_for_collector(address, deadline):
    """Until somebody listens at the address."""
    host, port = address.rsplit(":", 1)
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=5).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            # Nothing tells when a port is listened on: looked at a hundred times a second, up to the deadline.
            select.select([], [], [], 0.01)


def partitions(numbers):
    return ",".join(str(n) for n in sorted(numbers))


def record(partition, offset, value):
    return b"record %d %d %s" % (partition, offset, value)


def confluent(arguments):
    from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

    settings = {
        "bootstrap.servers": arguments.bootstrap, "group.id": arguments.group, "enable.auto.commit": False,
        "auto.offset.reset": "earliest", "session.timeout.ms": arguments.session,
        "heartbeat.interval.ms": arguments.session // 10, "partition.assignment.strategy": arguments.strategy,
        "fetch.wait.max.ms": 100, "reconnect.backoff.max.ms": 200, "socket.timeout.ms": 10000,
        "client.id": arguments.name, "max.poll.interval.ms": 60000}
    if arguments.instance:
        settings["group.instance.id"] = arguments.instance
    consumer = Consumer(settings)
    uncommitted = {}

    def commit():
        if not uncommitted:
            return
        offsets = [TopicPartition(arguments.topic, p, o) for p, o in uncommitted.items()]
        try:
            done = consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            say("failed %s" % error.args[0].name())
            return
        for one in done:
            if one.error:
                say("failed %s" % one.error.name())
            else:
                uncommitted.pop(one.partition, None)
                say("committed %d %d" % (one.partition, one.offset))

    def assigned(_, new):
        say("assigned " + partitions(p.partition for p in new))

    def revoked(_, old):
        commit()
        for p in old:
            uncommitted.pop(p.partition, None)
        say("revoked " + partitions(p.partition for p in old))

    def lost(_, old):
        for p in old:
            uncommitted.pop(p.partition, None)
        say("revoked " + partitions(p.partition for p in old))

    consumer.subscribe([arguments.topic], on_assign=assigned, on_revoke=revoked, on_lost=lost)
    while not ending:
        batch = []
        for message in consumer.consume(arguments.batch, timeout=0.1):
            if message.error():
                say("failed %s" % message.error().name())
                continue
            batch.append(record(message.partition(), message.offset(), message.value()))
            uncommitted[message.partition()] = message.offset() + 1
        if batch:
            say(*batch)
        commit()
    consumer.close()


def kafka_python(arguments):
    from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
    from kafka.coordinator.assignors.range import RangePartitionAssignor
    from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
    from kafka.errors import KafkaError
    from kafka.structs import OffsetAndMetadata

    strategies = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor}
    if arguments.strategy == "cooperative-sticky":
        from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

        strategies["cooperative-sticky"] = CooperativeStickyAssignor
    def make():
        return KafkaConsumer(
            bootstrap_servers=arguments.bootstrap, group_id=arguments.group, enable_auto_commit=False,
            auto_offset_reset="earliest", session_timeout_ms=arguments.session,
            heartbeat_interval_ms=arguments.session // 10, fetch_max_wait_ms=100, max_poll_records=arguments.batch,
            partition_assignment_strategy=[strategies[arguments.strategy]], client_id=arguments.name,
            group_instance_id=arguments.instance, reconnect_backoff_max_ms=200, retry_backoff_ms=100)

    # Unlike librdkafka it gives up where no broker answers, as in the midst of a collector's death.
    deadline = time.monotonic() + 60
    while True:
        wait_for_collector(arguments.bootstrap, deadline)
        try:
            consumer = make()
            break
        except KafkaError:
            if time.monotonic() > deadline:
                raise
    uncommitted = {}

    def commit():
        if not uncommitted:
            return
        try:
            consumer.commit({TopicPartition(arguments.topic, p): OffsetAndMetadata(o, "", -1) for p, o in uncommitted.items()})
        except KafkaError as error:
            say("failed %s" % type(error).__name__)
            return
        say(*("committed %d %d" % one for one in uncommitted.items()))
        uncommitted.clear()

    class Listener(ConsumerRebalanceListener):
        def on_partitions_assigned(self, assigned):
            say("assigned " + partitions(p.partition for p in assigned))

        def on_partitions_revoked(self, revoked):
            commit()
            for p in revoked:
                uncommitted.pop(p.partition, None)
            say("revoked " + partitions(p.partition for p in revoked))

    consumer.subscribe([arguments.topic], listener=Listener())
    while not ending:
        batch = []
        try:
            polled = consumer.poll(timeout_ms=100)
        except KafkaError as error:
            say("failed %s" % type(error).__name__)
            continue
        for records in polled.values():
            for one in records:
                batch.append(record(one.partition, one.offset, one.value))
                uncommitted[one.partition] = one.offset + 1
        if batch:
            say(*batch)
        commit()
    try:
        consumer.close()
    except KafkaError as error:
        say("failed %s" % type(error).__name__)


async def aiokafka(arguments):
    from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
    from aiokafka.coordinator.assignors.range import RangePartitionAssignor
    from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
    from aiokafka.errors import KafkaConnectionError, KafkaError

    strategies = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor}
    consumer = AIOKafkaConsumer(
        bootstrap_servers=arguments.bootstrap, group_id=arguments.group, enable_auto_commit=False,
        auto_offset_reset="earliest", session_timeout_ms=arguments.session,
        heartbeat_interval_ms=arguments.session // 10, fetch_max_wait_ms=100, client_id=arguments.name,
        partition_assignment_strategy=[strategies[arguments.strategy]], group_instance_id=arguments.instance,
        retry_backoff_ms=100)
    uncommitted = {}
    # Held from the records to their commit: its own task revokes partitions at any other time.
    working = asyncio.Lock()

    async def commit():
        if not uncommitted:
            return
        try:
            await consumer.commit({TopicPartition(arguments.topic, p): o for p, o in uncommitted.items()})
        except KafkaError as error:
            say("failed %s" % type(error).__name__)
            return
        say(*("committed %d %d" % one for one in uncommitted.items()))
        uncommitted.clear()

    class Listener(ConsumerRebalanceListener):
        async def on_partitions_assigned(self, assigned):
            say("assigned " + partitions(p.partition for p in assigned))

        async def on_partitions_revoked(self, revoked):
            async with working:
                await commit()
                for p in revoked:
                    uncommitted.pop(p.partition, None)
                say("revoked " + partitions(p.partition for p in revoked))

    consumer.subscribe([arguments.topic], listener=Listener())
    # Unlike librdkafka it gives up where the first attempt to connect fails, as in the midst of a collector's death.
    deadline = time.monotonic() + 60
    while True:
        wait_for_collector(arguments.bootstrap, deadline)
        try:
            await consumer.start()
            break
        except KafkaConnectionError:
            if time.monotonic() > deadline:
                raise
    while not ending:
        # Without the lock: once a rebalance has begun, this waits for its end, and the rebalance for the lock. With
        # records it comes back only while there is none, and before another task has its turn.
        polled = await consumer.getmany(timeout_ms=50, max_records=arguments.batch)
        async with working:
            batch = []
            for records in polled.values():
                for one in records:
                    batch.append(record(one.partition, one.offset, one.value))
                    uncommitted[one.partition] = one.offset + 1
            if batch:
                say(*batch)
            await commit()
    try:
        await consumer.stop()
    # It lets the cancelling of its own fetcher out, where that waits to try again.
    except (KafkaError, asyncio.CancelledError) as error:
        say("failed %s" % type(error).__name__)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", required=True, choices=["kafka-python", "confluent", "aiokafka"])
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--name", default="member")
    parser.add_argument("--instance")
    parser.add_argument("--strategy", default="range")
    parser.add_argument("--session", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("topic")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, end)
    # Whoever started us may have it blocked.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    if arguments.client == "kafka-python":
        kafka_python(arguments)
    elif arguments.client == "confluent":
        confluent(arguments)
    else:
        asyncio.run(aiokafka(arguments))
    say("ended")


if __name__ == "__main__":
    main()
