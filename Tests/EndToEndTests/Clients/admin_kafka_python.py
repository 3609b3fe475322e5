"""Every call of kafka-python's KafkaAdminClient, answered as Kafka answers where one node has nothing to say."""

import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka import errors
from kafka.admin import (
    ACL, ACLFilter, ACLOperation, ACLPermissionType, ACLResourcePatternType, ConfigResource, ConfigResourceType,
    KafkaAdminClient, MemberToRemove, NewTopic, OffsetSpec, OffsetTimestamp, ResourcePattern, ResourcePatternFilter,
    ResourceType)
from kafka.admin._transactions import AbortTransactionSpec
from kafka.admin._users import ScramMechanism, UserScramCredentialDeletion, UserScramCredentialUpsertion
from kafka.structs import OffsetAndMetadata

from recorded import Recorded, expect, refused


def topics(admin):
    admin.create_topics([NewTopic("t", 3, 1, topic_configs={"retention.ms": "86400000"})])
    refused(errors.TopicAlreadyExistsError, admin.create_topics, [NewTopic("t", 3, 1)])
    admin.create_topics({"gone": {"num_partitions": 1, "replication_factor": 1}})
    admin.wait_for_topics(["t", "gone"], timeout_ms=60_000)
    admin.create_partitions({"t": 5})
    refused(errors.InvalidPartitionsError, admin.create_partitions, {"t": 4})
    expect(set(admin.list_topics()) == {"t", "gone"}, "list_topics: %r" % admin.list_topics())
    (described,) = admin.describe_topics(["t"])
    expect(len(described["partitions"]) == 5 and described["topic_id"], "describe_topics: %r" % described)
    page = admin.describe_topic_partitions(["t"], response_partition_limit=2)
    expect(len(page["topics"][0]["partitions"]) == 2 and page["next_cursor"], "a page: %r" % page)
    rest = admin.describe_topic_partitions(["t"], cursor=page["next_cursor"])
    expect([p["partition_index"] for p in rest["topics"][0]["partitions"]] == [2, 3, 4], "the rest: %r" % rest)
    admin.delete_topics(["gone"])
    refused(errors.UnknownTopicOrPartitionError, admin.delete_topics, ["gone"])
    expect(admin.list_topics() == ["t"], "delete_topics")


def configs(admin):
    def of_topic(**settings):
        names = {name.replace("_", "."): value for name, value in settings.items()}
        return [ConfigResource(ConfigResourceType.TOPIC, "t", configs=names or None)]

    def found(which="all"):
        return admin.describe_configs(of_topic(), config_filter=which)["topic"]["t"]

    expect(found()["retention.ms"]["value"] == "86400000" and found()["cleanup.policy"]["value"] == "delete", "describe")
    expect(set(found("modified")) == {"retention.ms"}, "modified: %r" % found("modified"))
    expect(admin.alter_configs(of_topic(max_message_bytes="2000000")) == {"topic": {"t": "OK"}}, "alter_configs")
    expect(set(found("modified")) == {"retention.ms", "max.message.bytes"}, "incremental: %r" % found("modified"))
    result = admin.alter_configs(of_topic(segment_bytes="many"))["topic"]["t"]
    expect(result != "OK" and "segment.bytes" in result, "a wrong value: %r" % result)
    expect(admin.alter_configs(of_topic(max_message_bytes="3000000"), incremental=False)["topic"]["t"] == "OK", "replace")
    expect(found()["max.message.bytes"]["value"] == "3000000", "AlterConfigs")
    admin.reset_configs([ConfigResource(ConfigResourceType.TOPIC, "t", configs={})])
    expect(not found("modified"), "reset_configs: %r" % found("modified"))
    broker = admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")], config_filter="all")["broker"]["1"]
    expect("log.dirs" in broker or "num.partitions" in broker, "the broker's: %r" % broker)
    logger = admin.describe_configs([ConfigResource(ConfigResourceType.BROKER_LOGGER, "1")], config_filter="all")
    expect(set(logger["broker_logger"]["1"]) == {"root"}, "its loggers: %r" % logger)
    listed = admin.list_config_resources()
    expect(listed == {"broker_logger": ["1"], "broker": ["1"], "topic": ["t"]}, "list_config_resources: %r" % listed)
    expect(admin.list_config_resources(["CLIENT_METRICS", "GROUP"]) == {}, "of other types")


def cluster(admin):
    found = admin.describe_cluster()
    expect(found["cluster_id"] and found["controller_id"] == 1 and len(found["brokers"]) == 1, "cluster: %r" % found)
    (directory,) = admin.describe_log_dirs()
    expect("'t'" in repr(directory), "describe_log_dirs: %r" % directory)
    expect(len(admin.api_versions()) > 30, "api_versions")
    expect(admin.get_broker_version_data(1).broker_version >= (3, 0), "the version that is taken for ours")
    expect(not any(admin.describe_features().values()), "there are no features to choose")
    expect(admin.elect_leaders(0, {"t": [0]}), "elect_leaders")
    partition = TopicPartition("t", 0)
    refused_by = admin.alter_partition_reassignments({partition: [1, 2]})[partition]
    expect(refused_by is errors.InvalidReplicationAssignmentError, "a broker that is not there: %r" % refused_by)
    expect(admin.list_partition_reassignments() == {}, "none are moved")
    quorum = admin.describe_metadata_quorum()
    (state,) = quorum["topics"][0]["partitions"]
    expect(state["leader_id"] == 1 and [voter["replica_id"] for voter in state["current_voters"]] == [1], "quorum: %r" % quorum)
    expect([node["node_id"] for node in quorum["nodes"]] == [1], "its nodes: %r" % quorum)
    refused(errors.InvalidUpdateVersionError, admin.update_features, {"metadata.version": 21})
    refused(errors.InvalidUpdateVersionError, admin.update_features, {"metadata.version": 21}, validate_only=True)
    (place,) = [found["log_dir"] for found in directory["log_dirs"]]
    moved = admin.alter_replica_log_dirs({("t", 0, 1): place, ("t", 1, 1): "/elsewhere", ("none", 0, 1): place})
    found = {(one.topic, one.partition): error for one, error in moved.items()}
    expect(found == {("t", 0): errors.NoError, ("t", 1): errors.LogDirNotFoundError,
                     ("none", 0): errors.UnknownTopicOrPartitionError}, "alter_replica_log_dirs: %r" % found)


def passwords(admin):
    expect(admin.describe_user_scram_credentials() == {}, "nobody has a password")
    (one,) = admin.describe_user_scram_credentials(["alice"]).values()
    expect(one["error"] and not one["credential_infos"], "a user: %r" % one)
    refusals = admin.alter_user_scram_credentials([
        UserScramCredentialUpsertion("alice", ScramMechanism.SCRAM_SHA_256, password="secret"),
        UserScramCredentialDeletion("bob", ScramMechanism.SCRAM_SHA_512)])
    expect(set(refusals) == {"alice", "bob"} and all("SASL" in why for why in refusals.values()), "alter: %r" % refusals)


def transactions(admin):
    expect(admin.list_transactions() == {1: []}, "list_transactions: %r" % admin.list_transactions())
    some = admin.list_transactions(state_filters=["Ongoing"], duration_filter_ms=5, transactional_id_pattern="tx.*")
    expect(some == {1: []}, "of a kind: %r" % some)
    expect(admin.find_hanging_transactions() == [], "find_hanging_transactions")
    refused(errors.TransactionalIdNotFoundError, admin.describe_transactions, ["tx"])
    refused(errors.InvalidTxnStateError, admin.abort_transaction, AbortTransactionSpec(TopicPartition("t", 0), 7, 0))


def records(admin, bootstrap):
    producer = KafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=20)
    partition = TopicPartition("t", 0)
    for number in range(20):
        producer.send("t", b"%d" % number, partition=0, timestamp_ms=1_700_000_000_000 + number)
    producer.flush(60)
    producer.close()
    for spec, offset in ((OffsetSpec.EARLIEST, 0), (OffsetSpec.LATEST, 20), (OffsetSpec.MAX_TIMESTAMP, 19),
                         (OffsetTimestamp(1_700_000_000_005), 5)):
        found = admin.list_partition_offsets({partition: spec})[partition]
        expect(found.offset == offset, "list_partition_offsets: %r for %r" % (found, spec))
    (state,) = admin.describe_producers([partition])[partition].active_producers
    expect(state.last_sequence == 19, "describe_producers: %r" % (state,))
    expect(admin.delete_records({partition: 7})[partition]["low_watermark"] == 7, "delete_records")
    refused(errors.OffsetOutOfRangeError, admin.delete_records, {partition: 99})


def groups(admin, bootstrap):
    partition = TopicPartition("t", 0)
    consumer = KafkaConsumer("t", bootstrap_servers=bootstrap, group_id="g", auto_offset_reset="earliest",
                             enable_auto_commit=False, client_id="me", group_instance_id="one")
    while not consumer.poll(timeout_ms=500):
        pass
    consumer.commit()
    (listed,) = admin.list_groups()
    expect(listed["group_id"] == "g" and listed["group_state"] == "Stable", "list_groups: %r" % listed)
    expect(admin.list_groups(states_filter=["Empty"]) == [], "of another state")
    described = admin.describe_groups(["g"])["g"]
    (member,) = described["members"]
    expect(member["client_id"] == "me" and member["group_instance_id"] == "one", "describe_groups: %r" % described)
    change = {partition: OffsetAndMetadata(9, "why", -1)}
    expect(admin.alter_group_offsets("g", change) == {partition: errors.UnknownMemberIdError}, "beside a member")
    expect(admin.delete_group_offsets("g", [partition]) == {partition: errors.GroupSubscribedToTopicError}, "subscribed")
    removed = admin.remove_group_members("g", [MemberToRemove(group_instance_id="one", reason="to see")])
    expect(list(removed.values()) == [errors.NoError], "remove_group_members: %r" % removed)
    consumer.close()
    expect(admin.alter_group_offsets("g", change) == {partition: errors.NoError}, "alter_group_offsets")
    found = admin.list_group_offsets(["g"])["g"]
    expect(found[partition].offset == 9 and found[partition].metadata == "why", "list_group_offsets: %r" % found)
    reset = admin.reset_group_offsets("g", {partition: OffsetSpec.EARLIEST})[partition]
    expect(reset["offset"] == 7 and reset["error"] is errors.NoError, "reset_group_offsets: %r" % reset)
    expect(admin.delete_group_offsets("g", [partition]) == {partition: errors.NoError}, "delete_group_offsets")
    expect(partition not in admin.list_group_offsets(["g"])["g"], "deleted offsets")
    admin.delete_groups(["g"])
    expect(admin.list_groups() == [], "delete_groups")


def rules(admin):
    def rule(kind, name, principal="User:ANONYMOUS"):
        return ACL(principal, "*", ACLOperation.ALL, ACLPermissionType.ALLOW, ResourcePattern(kind, name))

    # Not for us: with the first rule everything that no rule allows is forbidden.
    made = admin.create_acls([
        rule(ResourceType.CLUSTER, "kafka-cluster"), rule(ResourceType.TOPIC, "*"), rule(ResourceType.TOPIC, "t", "User:a")])
    expect(len(made["succeeded"]) == 3 and not made["failed"], "create_acls: %r" % made)

    def every(principal=None):
        pattern = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
        return ACLFilter(principal, None, ACLOperation.ANY, ACLPermissionType.ANY, pattern)

    found, error = admin.describe_acls(every())
    expect(len(found) == 3 and error is errors.NoError, "describe_acls: %r" % found)
    ((_, deleted, error),) = admin.delete_acls([every("User:a")])
    expect(len(deleted) == 1 and error is errors.NoError, "delete_acls: %r" % deleted)
    ((_, deleted, _),) = admin.delete_acls([every()])
    expect(len(deleted) == 2, "all of them: %r" % deleted)


def main():
    bootstrap = sys.argv[1]
    admin = Recorded(KafkaAdminClient(bootstrap_servers=bootstrap))
    topics(admin)
    configs(admin)
    cluster(admin)
    records(admin, bootstrap)
    groups(admin, bootstrap)
    passwords(admin)
    transactions(admin)
    rules(admin)
    admin.close()
    admin.expect_all_called({})


if __name__ == "__main__":
    main()
