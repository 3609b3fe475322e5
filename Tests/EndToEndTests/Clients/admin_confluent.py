"""Every call of confluent-kafka's AdminClient, answered as Kafka answers where one node has nothing to say."""

import sys

from confluent_kafka import ConsumerGroupTopicPartitions, ElectionType, KafkaException, Producer, TopicPartition
from confluent_kafka import Consumer, ConsumerGroupState, TopicCollection
from confluent_kafka.admin import (
    AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient, AlterConfigOpType, ConfigEntry,
    ConfigResource, NewPartitions, NewTopic, OffsetSpec, ResourcePatternType, ResourceType, ScramCredentialInfo,
    ScramMechanism, UserScramCredentialDeletion, UserScramCredentialUpsertion)

from recorded import Recorded, expect, refused

DEADLINE = 60
LEFT_OUT = {"set_sasl_credentials": "asks no broker", "poll": "answers come by futures"}


def one(futures):
    """The result of a call that was about one thing."""
    (future,) = futures.values()
    return future.result(DEADLINE)


def error_of(futures):
    return refused(KafkaException, lambda: one(futures)).args[0].name()


def topics(admin):
    expect(one(admin.create_topics([NewTopic("t", 3, 1, config={"retention.ms": "86400000"})])) is None, "create_topics")
    expect(error_of(admin.create_topics([NewTopic("t", 3, 1)])) == "TOPIC_ALREADY_EXISTS", "created twice")
    one(admin.create_topics([NewTopic("gone", 1, 1)]))
    one(admin.create_partitions([NewPartitions("t", 5)]))
    expect(error_of(admin.create_partitions([NewPartitions("t", 4)])) == "INVALID_PARTITIONS", "fewer partitions")
    found = admin.list_topics(timeout=DEADLINE)
    expect(len(found.topics["t"].partitions) == 5 and found.brokers[1].port, "list_topics: %r" % found.topics)
    described = one(admin.describe_topics(TopicCollection(["t"]), include_authorized_operations=True))
    expect(len(described.partitions) == 5 and described.partitions[4].leader.id == 1, "describe_topics")
    expect(described.topic_id and not described.is_internal, "topic id")
    expect(AclOperation.READ in described.authorized_operations, "operations: %r" % described.authorized_operations)
    expect(error_of(admin.describe_topics(TopicCollection(["none"]))) == "UNKNOWN_TOPIC_OR_PART", "an unknown topic")
    one(admin.delete_topics(["gone"], operation_timeout=10))
    expect("gone" not in admin.list_topics(timeout=DEADLINE).topics, "delete_topics")
    expect(error_of(admin.delete_topics(["gone"])) == "UNKNOWN_TOPIC_OR_PART", "deleted twice")


def configs(admin):
    def of_topic(**entries):
        return ConfigResource(ConfigResource.Type.TOPIC, "t", **entries)

    found = one(admin.describe_configs([of_topic()]))
    expect(found["retention.ms"].value == "86400000" and not found["retention.ms"].is_default, "describe_configs")
    expect(found["segment.bytes"].is_default and found["cleanup.policy"].value == "delete", "defaults")
    change = ConfigEntry("max.message.bytes", "2000000", incremental_operation=AlterConfigOpType.SET)
    one(admin.incremental_alter_configs([of_topic(incremental_configs=[change])]))
    found = one(admin.describe_configs([of_topic()]))
    expect(found["max.message.bytes"].value == "2000000" and found["retention.ms"].value == "86400000", "incremental")
    one(admin.alter_configs([of_topic(set_config={"max.message.bytes": "3000000"})]))
    found = one(admin.describe_configs([of_topic()]))
    expect(found["max.message.bytes"].value == "3000000" and found["retention.ms"].is_default, "alter_configs")
    wrong = ConfigEntry("segment.bytes", "many", incremental_operation=AlterConfigOpType.SET)
    expect(error_of(admin.incremental_alter_configs([of_topic(incremental_configs=[wrong])])) == "INVALID_CONFIG", "wrong")
    broker = one(admin.describe_configs([ConfigResource(ConfigResource.Type.BROKER, "1")]))
    expect("log.retention.ms" in broker or "num.partitions" in broker, "the broker's: %r" % list(broker))
    for kind, name, setting, error in (
            (ConfigResource.Type.BROKER, "1", "log.retention.ms", "INVALID_REQUEST"),
            (ConfigResource.Type.GROUP, "g", "consumer.session.timeout.ms", "INVALID_CONFIG")):
        change = ConfigEntry(setting, "45000", incremental_operation=AlterConfigOpType.SET)
        found = error_of(admin.incremental_alter_configs([ConfigResource(kind, name, incremental_configs=[change])]))
        expect(found == error, "%s of %s %s: %s" % (setting, kind, name, found))
    expect(not one(admin.describe_configs([ConfigResource(ConfigResource.Type.GROUP, "g")])), "a group's")


def cluster(admin):
    found = admin.describe_cluster(include_authorized_operations=True).result(DEADLINE)
    expect(found.cluster_id and found.controller.id == 1 and len(found.nodes) == 1, "describe_cluster")
    expect(AclOperation.CREATE in found.authorized_operations, "operations: %r" % found.authorized_operations)
    expect(admin.cluster_id(timeout=DEADLINE) == found.cluster_id, "cluster_id")
    # The leader is as it was: Kafka says so with an error.
    elected = admin.elect_leaders(ElectionType.PREFERRED, [TopicPartition("t", 0)]).result(DEADLINE)
    (error,) = elected.values()
    expect(error is not None and error.name() == "ELECTION_NOT_NEEDED", "elect_leaders: %r" % elected)


def passwords(admin):
    expect(admin.describe_user_scram_credentials().result(DEADLINE) == {}, "nobody has a password")
    expect(error_of(admin.describe_user_scram_credentials(["alice"])) == "RESOURCE_NOT_FOUND", "a user")
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096)
    upsertion = UserScramCredentialUpsertion("alice", info, b"secret", b"salt")
    error = refused(KafkaException, lambda: one(admin.alter_user_scram_credentials([upsertion]))).args[0]
    expect(error.name() == "UNSUPPORTED_VERSION" and "SASL" in error.str(), "set: %r" % error)
    deletion = UserScramCredentialDeletion("alice", ScramMechanism.SCRAM_SHA_512)
    expect(error_of(admin.alter_user_scram_credentials([deletion])) == "UNSUPPORTED_VERSION", "taken away")


def records(admin, bootstrap):
    failures = []
    producer = Producer({"bootstrap.servers": bootstrap})
    for number in range(20):
        producer.produce("t", b"%d" % number, partition=0, timestamp=1_700_000_000_000 + number,
                         on_delivery=lambda error, _: error and failures.append(error))
    expect(producer.flush(DEADLINE) == 0 and not failures, "not written: %r" % failures)
    partition = TopicPartition("t", 0)
    wanted = ((OffsetSpec.earliest(), 0), (OffsetSpec.latest(), 20), (OffsetSpec.max_timestamp(), 19),
              (OffsetSpec.for_timestamp(1_700_000_000_005), 5))
    for spec, offset in wanted:
        found = one(admin.list_offsets({partition: spec}))
        expect(found.offset == offset, "list_offsets: %r for %r" % (found.offset, spec))
    deleted = one(admin.delete_records([TopicPartition("t", 0, 7)]))
    expect(deleted.low_watermark == 7, "delete_records: %r" % deleted)
    expect(one(admin.list_offsets({partition: OffsetSpec.earliest()})).offset == 7, "the new start")
    expect(error_of(admin.delete_records([TopicPartition("t", 0, 99)])) == "OFFSET_OUT_OF_RANGE", "beyond the end")


def groups(admin, bootstrap):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "g", "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "client.id": "me"})
    consumer.subscribe(["t"])
    message = None
    while message is None:
        message = consumer.poll(1)
    consumer.commit(message, asynchronous=False)
    (listed,) = admin.list_consumer_groups(states={ConsumerGroupState.STABLE}).result(DEADLINE).valid
    expect(listed.group_id == "g" and not listed.is_simple_consumer_group, "list_consumer_groups")
    expect([group.id for group in admin.list_groups(timeout=DEADLINE)] == ["g"], "list_groups")
    described = one(admin.describe_consumer_groups(["g"], include_authorized_operations=True))
    expect(described.state == ConsumerGroupState.STABLE and described.partition_assignor == "range", "describe")
    (member,) = described.members
    expect(member.client_id == "me" and len(member.assignment.topic_partitions) == 5, "its member")
    expect(described.coordinator.id == 1 and AclOperation.READ in described.authorized_operations, "its coordinator")
    expect(error_of(admin.delete_consumer_groups(["g"])) == "NON_EMPTY_GROUP", "deleted with members")
    offset = ConsumerGroupTopicPartitions("g", [TopicPartition("t", 0, 9)])
    (altered,) = one(admin.alter_consumer_group_offsets([offset])).topic_partitions
    expect(altered.error.name() == "UNKNOWN_MEMBER_ID", "altered beside its members: %r" % altered.error)
    consumer.close()
    one(admin.alter_consumer_group_offsets([offset]))
    found = one(admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions("g")]))
    expect([(p.partition, p.offset) for p in found.topic_partitions] == [(0, 9)], "offsets: %r" % found.topic_partitions)
    one(admin.delete_consumer_groups(["g"]))
    expect(not admin.list_consumer_groups().result(DEADLINE).valid, "deleted")
    expect(error_of(admin.delete_consumer_groups(["g"])) == "GROUP_ID_NOT_FOUND", "deleted twice")


def rules(admin):
    def rule(kind, permission, principal):
        return kind(ResourceType.TOPIC, "t", ResourcePatternType.LITERAL, principal, "*", AclOperation.READ, permission)

    # Not for us: with the first rule everything that no rule allows is forbidden.
    mine = [AclBinding(kind, "*" if kind != ResourceType.BROKER else "kafka-cluster", ResourcePatternType.LITERAL,
                       "User:ANONYMOUS", "*", AclOperation.ALL, AclPermissionType.ALLOW)
            for kind in (ResourceType.BROKER, ResourceType.TOPIC, ResourceType.GROUP)]
    for future in admin.create_acls(mine).values():
        future.result(DEADLINE)
    one(admin.create_acls([rule(AclBinding, AclPermissionType.ALLOW, "User:alice")]))
    everything = AclBindingFilter(
        ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY)
    expect(len(admin.describe_acls(everything).result(DEADLINE)) == 4, "describe_acls")
    (found,) = one(admin.delete_acls([rule(AclBindingFilter, AclPermissionType.ANY, "User:alice")]))
    expect(found.principal == "User:alice", "delete_acls: %r" % found)
    expect(len(one(admin.delete_acls([everything]))) == 3, "all of them")


def main():
    bootstrap = sys.argv[1]
    admin = Recorded(AdminClient({"bootstrap.servers": bootstrap}))
    topics(admin)
    configs(admin)
    cluster(admin)
    records(admin, bootstrap)
    groups(admin, bootstrap)
    passwords(admin)
    rules(admin)
    admin.expect_all_called(LEFT_OUT)


if __name__ == "__main__":
    main()
