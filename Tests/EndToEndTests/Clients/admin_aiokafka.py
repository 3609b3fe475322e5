"""Every call of aiokafka's AIOKafkaAdminClient."""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import OffsetOutOfRangeError

from recorded import Recorded, expect


async def topics(admin):
    made = await admin.create_topics([NewTopic("t", 3, 1, topic_configs={"retention.ms": "86400000"}), NewTopic("gone", 1, 1)])
    expect([code for _, code, *_ in made.topic_errors] == [0, 0], "create_topics: %r" % made)
    made = await admin.create_topics([NewTopic("t", 3, 1)])
    expect([code for _, code, *_ in made.topic_errors] == [36], "created twice: %r" % made)
    await admin.create_partitions({"t": NewPartitions(5)})
    expect(set(await admin.list_topics()) == {"t", "gone"}, "list_topics")
    (described,) = await admin.describe_topics(["t"])
    expect(len(described["partitions"]) == 5, "describe_topics: %r" % described)
    deleted = await admin.delete_topics(["gone"])
    expect([code for _, code in deleted.topic_error_codes] == [0], "delete_topics: %r" % deleted)
    expect(await admin.list_topics() == ["t"], "deleted")


async def configs(admin):
    async def found():
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "t")])
        ((_, _, _, _, entries),) = answer.resources
        return {entry[0]: entry[1] for entry in entries}

    before = await found()
    expect(before["retention.ms"] == "86400000" and before["cleanup.policy"] == "delete", "describe_configs: %r" % before)
    (altered,) = await admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, "t", configs={"max.message.bytes": "2000000"})])
    expect(altered.resources[0][0] == 0, "alter_configs: %r" % altered)
    after = await found()
    expect(after["max.message.bytes"] == "2000000" and after["retention.ms"] != "86400000", "replaced: %r" % after)


async def records(admin, bootstrap):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    for number in range(20):
        await producer.send_and_wait("t", b"%d" % number, partition=0)
    await producer.stop()
    partition = TopicPartition("t", 0)
    deleted = await admin.delete_records({partition: RecordsToDelete(before_offset=7)})
    expect(deleted == {partition: 7}, "delete_records: %r" % deleted)
    try:
        await admin.delete_records({partition: RecordsToDelete(before_offset=99)})
        raise SystemExit("records beyond the end were deleted")
    except OffsetOutOfRangeError:
        pass


async def groups(admin, bootstrap):
    partition = TopicPartition("t", 0)
    consumer = AIOKafkaConsumer("t", bootstrap_servers=bootstrap, group_id="g", auto_offset_reset="earliest",
                                enable_auto_commit=False, client_id="me")
    await consumer.start()
    record = await consumer.getone()
    await consumer.commit({partition: record.offset + 1})
    expect(await admin.list_consumer_groups() == [("g", "consumer")], "list_consumer_groups")
    (described,) = await admin.describe_consumer_groups(["g"])
    (group,) = described.groups
    expect(group[0] == 0 and group[1] == "g" and group[2] == "Stable" and len(group[5]) == 1, "describe: %r" % (group,))
    expect(await admin.find_coordinator("g") == 1, "find_coordinator")
    found = await admin.list_consumer_group_offsets("g")
    expect(found[partition].offset == record.offset + 1 == 8, "list_consumer_group_offsets: %r" % found)
    await consumer.stop()


async def run(bootstrap):
    admin = Recorded(AIOKafkaAdminClient(bootstrap_servers=bootstrap))
    await admin.start()
    await topics(admin)
    await configs(admin)
    cluster = await admin.describe_cluster()
    expect(cluster["controller_id"] == 1 and len(cluster["brokers"]) == 1, "describe_cluster: %r" % cluster)
    await records(admin, bootstrap)
    await groups(admin, bootstrap)
    await admin.close()
    admin.expect_all_called({})


asyncio.run(run(sys.argv[1]))
