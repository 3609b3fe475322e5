#!/usr/bin/env python3
"""Prints the frames that kafka-python makes of the messages in MessageSamples.swift, in every version.

    python3 -m venv venv && venv/bin/pip install kafka-python==3.0.12
    venv/bin/python make-fixtures.py > kafka-python.txt

A line is: message, sample, version, frame in hexadecimal. kafka-python encodes from Apache Kafka's own schemas, so that
these bytes are a second opinion.
"""
import struct
import uuid

import kafka.protocol.admin as admin
import kafka.protocol.api_data as api_data
import kafka.protocol.consumer as consumer
import kafka.protocol.metadata as metadata
import kafka.protocol.old.commit as old_commit
import kafka.protocol.producer as producer
from kafka.protocol.api_message import ApiMessage

ID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
OTHER_ID = uuid.UUID("fedcba98-7654-3210-0f1e-2d3c4b5a6978")
RECORDS = bytes(range(64, 104))
OPAQUE = bytes([0, 1, 255, 128, 10, 200])

ENDPOINT = dict(node_id=7, host="seven.example", port=9097, rack="r7")

SAMPLES = [
    (metadata.ApiVersionsRequest, "full", 0, 4, dict(client_software_name="tributary", client_software_version="0.1.0")),
    (metadata.ApiVersionsResponse, "full", 0, 4, dict(
        error_code=42, api_keys=[dict(api_key=0, min_version=0, max_version=12), dict(api_key=18, min_version=0, max_version=4)],
        throttle_time_ms=250,
        supported_features=[dict(name="metadata.version", min_version=1, max_version=21)],
        finalized_features_epoch=77,
        finalized_features=[dict(name="metadata.version", max_version_level=20, min_version_level=19)],
        zk_migration_ready=True)),
    (metadata.ApiVersionsResponse, "sparse", 0, 4, dict(error_code=0, api_keys=[], throttle_time_ms=0)),
    (metadata.MetadataRequest, "full", 0, 13, dict(
        topics=[dict(topic_id=ID, name="lögs"), dict(topic_id=OTHER_ID, name="b")],
        allow_auto_topic_creation=False, include_cluster_authorized_operations=True,
        include_topic_authorized_operations=True)),
    (metadata.MetadataRequest, "sparse", 1, 13, dict(
        topics=None, allow_auto_topic_creation=True, include_cluster_authorized_operations=False,
        include_topic_authorized_operations=False)),
    (metadata.MetadataResponse, "full", 0, 13, dict(
        error_code=129,
        throttle_time_ms=250, brokers=[dict(node_id=7, host="seven.example", port=9097, rack="r7"), dict(node_id=8, host="::1", port=9098, rack=None)],
        cluster_id="c-1", controller_id=7,
        topics=[dict(error_code=0, name="lögs", topic_id=ID, is_internal=True, partitions=[
            dict(error_code=9, partition_index=3, leader_id=7, leader_epoch=5, replica_nodes=[7, 8], isr_nodes=[7], offline_replicas=[8])],
            authorized_operations=[3, 4, 5, 6, 7, 8, 10, 11])],
        authorized_operations=[3, 8])),
    (metadata.MetadataResponse, "sparse", 12, 13, dict(
        throttle_time_ms=0, brokers=[], cluster_id=None, controller_id=-1,
        topics=[dict(error_code=100, name=None, topic_id=ID, is_internal=False, partitions=[])])),
    (producer.ProduceRequest, "full", 3, 13, dict(
        transactional_id="tx-1", acks=-1, timeout_ms=1500,
        topic_data=[dict(name="lögs", topic_id=ID, partition_data=[dict(index=3, records=RECORDS), dict(index=4, records=None)])])),
    (producer.ProduceRequest, "sparse", 3, 13, dict(transactional_id=None, acks=1, timeout_ms=30000, topic_data=[])),
    (producer.ProduceResponse, "full", 3, 13, dict(
        responses=[dict(name="lögs", topic_id=ID, partition_responses=[
            dict(index=3, error_code=6, base_offset=4294967301, log_append_time_ms=1700000000123, log_start_offset=17,
                 record_errors=[dict(batch_index=2, batch_index_error_message="bad"), dict(batch_index=3, batch_index_error_message=None)],
                 error_message="no", current_leader=dict(leader_id=7, leader_epoch=9)),
            dict(index=4, error_code=0, base_offset=0, log_append_time_ms=-1, log_start_offset=-1,
                 record_errors=[], error_message=None)])],
        throttle_time_ms=250, node_endpoints=[ENDPOINT])),
    (consumer.FetchRequest, "full", 4, 18, dict(
        cluster_id="c-1", replica_id=5, replica_state=dict(replica_id=5, replica_epoch=6),
        max_wait_ms=500, min_bytes=1, max_bytes=52428800, isolation_level=1, session_id=1234567, session_epoch=8,
        topics=[dict(topic="lögs", topic_id=ID, partitions=[
            dict(partition=3, current_leader_epoch=5, fetch_offset=4294967301, last_fetched_epoch=4, log_start_offset=17,
                 partition_max_bytes=1048576, replica_directory_id=OTHER_ID)])],
        forgotten_topics_data=[dict(topic="b", topic_id=OTHER_ID, partitions=[1, 2])], rack_id="r7")),
    (consumer.FetchRequest, "sparse", 4, 18, dict(
        replica_id=-1, max_wait_ms=0, min_bytes=0, max_bytes=2147483647, isolation_level=0, session_id=0, session_epoch=-1,
        topics=[], forgotten_topics_data=[], rack_id="")),
    (consumer.FetchResponse, "full", 4, 18, dict(
        throttle_time_ms=250, error_code=71, session_id=1234567,
        responses=[dict(topic="lögs", topic_id=ID, partitions=[
            dict(partition_index=3, error_code=74, high_watermark=4294967310, last_stable_offset=4294967309, log_start_offset=17,
                 diverging_epoch=dict(epoch=4, end_offset=99), current_leader=dict(leader_id=7, leader_epoch=9),
                 snapshot_id=dict(end_offset=55, epoch=3),
                 aborted_transactions=[dict(producer_id=81985529216486895, first_offset=20)],
                 preferred_read_replica=8, records=RECORDS),
            dict(partition_index=4, error_code=0, high_watermark=0, last_stable_offset=-1, log_start_offset=-1,
                 aborted_transactions=None, preferred_read_replica=-1, records=None)])],
        node_endpoints=[ENDPOINT])),
    (consumer.ListOffsetsRequest, "full", 1, 11, dict(
        replica_id=-1, timeout_ms=1500, isolation_level=1,
        topics=[dict(name="lögs", partitions=[dict(partition_index=3, current_leader_epoch=5, timestamp=1700000000123),
                                              dict(partition_index=4, current_leader_epoch=-1, timestamp=-2)])])),
    (consumer.ListOffsetsResponse, "full", 1, 11, dict(
        throttle_time_ms=250,
        topics=[dict(name="lögs", partitions=[
            dict(partition_index=3, error_code=78, timestamp=1700000000123, offset=4294967301, leader_epoch=5)])])),
    (admin.CreateTopicsRequest, "full", 0, 7, dict(
        topics=[dict(name="lögs", num_partitions=6, replication_factor=1,
                     assignments=[dict(partition_index=0, broker_ids=[7, 8])],
                     configs=[dict(name="retention.ms", value="1000"), dict(name="cleanup.policy", value=None)])],
        timeout_ms=1500, validate_only=True)),
    (admin.CreateTopicsResponse, "full", 0, 7, dict(
        throttle_time_ms=250,
        topics=[dict(name="lögs", topic_id=ID, error_code=0, error_message=None, topic_config_error_code=29,
                     num_partitions=6, replication_factor=1,
                     configs=[dict(name="retention.ms", value="1000", read_only=True, config_source=1, is_sensitive=True),
                              dict(name="secret", value=None, read_only=False, config_source=5, is_sensitive=False)]),
                dict(name="b", topic_id=uuid.UUID(int=0), error_code=36, error_message="exists",
                     num_partitions=-1, replication_factor=-1, configs=None)])),
    (admin.DeleteTopicsRequest, "full", 0, 6, dict(
        topics=[dict(name="lögs", topic_id=uuid.UUID(int=0)), dict(name="b", topic_id=uuid.UUID(int=0))],
        topic_names=["lögs", "b"], timeout_ms=1500)),
    (admin.DeleteTopicsRequest, "sparse", 6, 6, dict(topics=[dict(name=None, topic_id=ID)], timeout_ms=1500)),
    (admin.DeleteTopicsResponse, "full", 0, 6, dict(
        throttle_time_ms=250, responses=[dict(name="lögs", topic_id=ID, error_code=3, error_message="unknown")])),
    (producer.InitProducerIdRequest, "full", 0, 5, dict(
        transactional_id="tx-1", transaction_timeout_ms=60000, producer_id=81985529216486895, producer_epoch=3)),
    (producer.InitProducerIdRequest, "sparse", 0, 5, dict(
        transactional_id=None, transaction_timeout_ms=2147483647, producer_id=-1, producer_epoch=-1)),
    (producer.InitProducerIdResponse, "full", 0, 5, dict(
        throttle_time_ms=250, error_code=53, producer_id=81985529216486895, producer_epoch=3)),
    (admin.DescribeProducersRequest, "full", 0, 0, dict(topics=[dict(name="lögs", partition_indexes=[3, 4])])),
    (admin.DescribeProducersResponse, "full", 0, 0, dict(
        throttle_time_ms=250,
        topics=[dict(name="lögs", partitions=[dict(
            partition_index=3, error_code=3, error_message="unknown",
            active_producers=[dict(producer_id=81985529216486895, producer_epoch=3, last_sequence=41,
                                   last_timestamp=1700000000123, coordinator_epoch=2, current_txn_start_offset=20)])])])),
    (metadata.FindCoordinatorRequest, "full", 0, 6, dict(key="g-1", key_type=1, coordinator_keys=["g-1"])),
    (metadata.FindCoordinatorResponse, "full", 0, 6, dict(
        throttle_time_ms=250, error_code=15, error_message="later", node_id=7, host="seven.example", port=9097,
        coordinators=[dict(key="g-1", node_id=7, host="seven.example", port=9097, error_code=15, error_message="later")])),
]

CONFIG_SAMPLES = [
    (admin.CreatePartitionsRequest, "full", 0, 3, dict(
        topics=[dict(name="lögs", count=6, assignments=[dict(broker_ids=[7, 8]), dict(broker_ids=[])]),
                dict(name="b", count=2, assignments=None)],
        timeout_ms=1500, validate_only=True)),
    (admin.CreatePartitionsResponse, "full", 0, 3, dict(
        throttle_time_ms=250, results=[dict(name="lögs", error_code=37, error_message="fewer"),
                                       dict(name="b", error_code=0, error_message=None)])),
    (admin.DeleteRecordsRequest, "full", 0, 2, dict(
        topics=[dict(name="lögs", partitions=[dict(partition_index=3, offset=4294967301), dict(partition_index=4, offset=-1)])],
        timeout_ms=1500)),
    (admin.DeleteRecordsResponse, "full", 0, 2, dict(
        throttle_time_ms=250, topics=[dict(name="lögs", partitions=[
            dict(partition_index=3, low_watermark=4294967301, error_code=0),
            dict(partition_index=4, low_watermark=-1, error_code=1)])])),
    (admin.DescribeConfigsRequest, "full", 1, 4, dict(
        resources=[dict(resource_type=2, resource_name="lögs", configuration_keys=["retention.ms", "cleanup.policy"]),
                   dict(resource_type=4, resource_name="7", configuration_keys=None)],
        include_synonyms=True, include_documentation=True)),
    (admin.DescribeConfigsResponse, "full", 1, 4, dict(
        throttle_time_ms=250, results=[
            dict(error_code=0, error_message=None, resource_type=2, resource_name="lögs", configs=[
                dict(name="retention.ms", value="1000", read_only=True, config_source=1, is_sensitive=False,
                     synonyms=[dict(name="retention.ms", value="1000", source=1), dict(name="log.retention.ms", value=None, source=4)],
                     config_type=5, documentation="how long"),
                dict(name="secret", value=None, read_only=False, config_source=5, is_sensitive=True, synonyms=[],
                     config_type=0, documentation=None)]),
            dict(error_code=3, error_message="unknown", resource_type=32, resource_name="g-1", configs=[])])),
    (admin.AlterConfigsRequest, "full", 0, 2, dict(
        resources=[dict(resource_type=2, resource_name="lögs", configs=[
            dict(name="retention.ms", value="1000"), dict(name="cleanup.policy", value=None)])],
        validate_only=True)),
    (admin.AlterConfigsResponse, "full", 0, 2, dict(
        throttle_time_ms=250, responses=[
            dict(error_code=40, error_message="odd", resource_type=2, resource_name="lögs"),
            dict(error_code=0, error_message=None, resource_type=4, resource_name="")])),
    (admin.IncrementalAlterConfigsRequest, "full", 0, 1, dict(
        resources=[dict(resource_type=2, resource_name="lögs", configs=[
            dict(name="cleanup.policy", config_operation=2, value="compact"),
            dict(name="retention.ms", config_operation=1, value=None)])],
        validate_only=True)),
    (admin.IncrementalAlterConfigsResponse, "full", 0, 1, dict(
        throttle_time_ms=250, responses=[
            dict(error_code=40, error_message="odd", resource_type=2, resource_name="lögs"),
            dict(error_code=0, error_message=None, resource_type=4, resource_name="")])),
]

GROUP_SAMPLES = [
    (consumer.JoinGroupRequest, "full", 0, 9, dict(
        group_id="g-1", session_timeout_ms=45000, rebalance_timeout_ms=300000, member_id="m-1", group_instance_id="i-1",
        protocol_type="consumer", protocols=[dict(name="range", metadata=OPAQUE), dict(name="roundrobin", metadata=b"")],
        reason="röund")),
    (consumer.JoinGroupRequest, "sparse", 0, 9, dict(
        group_id="g-1", session_timeout_ms=45000, rebalance_timeout_ms=45000, member_id="", group_instance_id=None,
        protocol_type="consumer", protocols=[], reason=None)),
    (consumer.JoinGroupResponse, "full", 0, 9, dict(
        throttle_time_ms=250, error_code=79, generation_id=17, protocol_type="consumer", protocol_name="range",
        leader="m-1", skip_assignment=True, member_id="m-1",
        members=[dict(member_id="m-1", group_instance_id="i-1", metadata=OPAQUE),
                 dict(member_id="m-2", group_instance_id=None, metadata=b"")])),
    (consumer.JoinGroupResponse, "sparse", 7, 9, dict(
        throttle_time_ms=0, error_code=25, generation_id=-1, protocol_type=None, protocol_name=None, leader="",
        skip_assignment=False, member_id="", members=[])),
    (consumer.SyncGroupRequest, "full", 0, 5, dict(
        group_id="g-1", generation_id=17, member_id="m-1", group_instance_id="i-1", protocol_type="consumer",
        protocol_name="range",
        assignments=[dict(member_id="m-1", assignment=OPAQUE), dict(member_id="m-2", assignment=b"")])),
    (consumer.SyncGroupRequest, "sparse", 0, 5, dict(
        group_id="g-1", generation_id=17, member_id="m-1", group_instance_id=None, protocol_type=None,
        protocol_name=None, assignments=[])),
    (consumer.SyncGroupResponse, "full", 0, 5, dict(
        throttle_time_ms=250, error_code=27, protocol_type="consumer", protocol_name="range", assignment=OPAQUE)),
    (consumer.SyncGroupResponse, "sparse", 0, 5, dict(
        throttle_time_ms=0, error_code=0, protocol_type=None, protocol_name=None, assignment=b"")),
    (consumer.HeartbeatRequest, "full", 0, 4, dict(
        group_id="g-1", generation_id=17, member_id="m-1", group_instance_id="i-1")),
    (consumer.HeartbeatRequest, "sparse", 0, 4, dict(
        group_id="g-1", generation_id=17, member_id="m-1", group_instance_id=None)),
    (consumer.HeartbeatResponse, "full", 0, 4, dict(throttle_time_ms=250, error_code=27)),
    (consumer.LeaveGroupRequest, "full", 0, 5, dict(
        group_id="g-1", member_id="m-1", members=[dict(member_id="m-1", group_instance_id="i-1", reason="done")])),
    (consumer.LeaveGroupRequest, "many", 3, 5, dict(
        group_id="g-1", members=[dict(member_id="", group_instance_id="i-1", reason=None),
                                 dict(member_id="m-2", group_instance_id=None, reason="röund")])),
    (consumer.LeaveGroupResponse, "full", 0, 5, dict(
        throttle_time_ms=250, error_code=16, members=[dict(member_id="m-1", group_instance_id="i-1", error_code=25),
                                                      dict(member_id="m-2", group_instance_id=None, error_code=0)])),
    (admin.ListGroupsRequest, "full", 0, 5, dict(states_filter=["Stable", "Empty"], types_filter=["classic"])),
    (admin.ListGroupsResponse, "full", 0, 5, dict(
        throttle_time_ms=250, error_code=14, groups=[
            dict(group_id="g-1", protocol_type="consumer", group_state="Stable", group_type="classic"),
            dict(group_id="g-ö", protocol_type="", group_state="", group_type="")])),
    (admin.DescribeGroupsRequest, "full", 0, 6, dict(groups=["g-1", "g-ö"], include_authorized_operations=True)),
    (admin.DescribeGroupsResponse, "full", 0, 6, dict(
        throttle_time_ms=250, groups=[
            dict(error_code=0, error_message=None, group_id="g-1", group_state="Stable", protocol_type="consumer",
                 protocol_data="range", members=[
                     dict(member_id="m-1", group_instance_id="i-1", client_id="c-1", client_host="/127.0.0.1",
                          member_metadata=OPAQUE, member_assignment=OPAQUE[:5]),
                     dict(member_id="m-2", group_instance_id=None, client_id="", client_host="",
                          member_metadata=b"", member_assignment=b"")],
                 authorized_operations=[3, 6, 8]),
            dict(error_code=69, error_message="not found", group_id="g-ö", group_state="Dead", protocol_type="",
                 protocol_data="", members=[])])),
    (admin.DeleteGroupsRequest, "full", 0, 2, dict(groups_names=["g-1", "g-ö"])),
    (admin.DeleteGroupsResponse, "full", 0, 2, dict(
        throttle_time_ms=250, results=[dict(group_id="g-1", error_code=68), dict(group_id="g-ö", error_code=0)])),
]

COMMITTED = dict(
    group_id="g-1", generation_id_or_member_epoch=17, member_id="m-1", group_instance_id="i-1", retention_time_ms=86400000,
    topics=[dict(name="lögs", topic_id=ID, partitions=[
        dict(partition_index=3, committed_offset=4294967301, committed_leader_epoch=5, commit_timestamp=1700000000123,
             committed_metadata="mine"),
        dict(partition_index=4, committed_offset=0, committed_leader_epoch=-1, commit_timestamp=-1,
             committed_metadata=None)])])
COMMIT_RESULTS = dict(
    throttle_time_ms=250,
    topics=[dict(name="lögs", topic_id=ID, partitions=[dict(partition_index=3, error_code=12), dict(partition_index=4, error_code=0)])])
FETCHED = [dict(name="lögs", partitions=[
    dict(partition_index=3, committed_offset=4294967301, committed_leader_epoch=5, metadata="mine", error_code=0),
    dict(partition_index=4, committed_offset=-1, committed_leader_epoch=-1, metadata=None, error_code=88)])]
# From version 8 the topics are the groups', and only there have they ids.
FETCHED_OF_GROUP = [dict(topic, topic_id=ID) for topic in FETCHED]

OFFSET_SAMPLES = [
    (consumer.OffsetCommitRequest, "full", 1, 10, COMMITTED),
    (consumer.OffsetCommitResponse, "full", 1, 10, COMMIT_RESULTS),
    (consumer.OffsetFetchRequest, "full", 1, 10, dict(
        group_id="g-1", topics=[dict(name="lögs", partition_indexes=[3, 4])],
        groups=[dict(group_id="g-1", member_id="m-1", member_epoch=17, topics=[dict(name="lögs", topic_id=ID, partition_indexes=[3, 4])])],
        require_stable=True)),
    (consumer.OffsetFetchRequest, "all", 2, 10, dict(
        group_id="g-1", topics=None, groups=[dict(group_id="g-1", member_id=None, member_epoch=-1, topics=None)],
        require_stable=False)),
    (consumer.OffsetFetchRequest, "many", 8, 10, dict(
        groups=[dict(group_id="g-1", member_id=None, member_epoch=-1, topics=[]),
                dict(group_id="g-ö", member_id=None, member_epoch=-1, topics=None)],
        require_stable=True)),
    (consumer.OffsetFetchResponse, "full", 1, 10, dict(
        throttle_time_ms=250, topics=FETCHED, error_code=14, groups=[dict(group_id="g-1", topics=FETCHED_OF_GROUP, error_code=14)])),
    (consumer.OffsetFetchResponse, "many", 8, 10, dict(
        throttle_time_ms=0, groups=[dict(group_id="g-1", topics=[], error_code=0), dict(group_id="g-ö", topics=FETCHED_OF_GROUP, error_code=16)])),
    (consumer.OffsetDeleteRequest, "full", 0, 0, dict(
        group_id="g-1", topics=[dict(name="lögs", partitions=[dict(partition_index=3), dict(partition_index=4)])])),
    (consumer.OffsetDeleteResponse, "full", 0, 0, dict(
        error_code=69, throttle_time_ms=250,
        topics=[dict(name="lögs", partitions=[dict(partition_index=3, error_code=86), dict(partition_index=4, error_code=0)])])),
    (consumer.OffsetForLeaderEpochRequest, "full", 2, 4, dict(
        replica_id=-1, topics=[dict(topic="lögs", partitions=[
            dict(partition=3, current_leader_epoch=5, leader_epoch=4), dict(partition=4, current_leader_epoch=-1, leader_epoch=0)])])),
    (consumer.OffsetForLeaderEpochResponse, "full", 2, 4, dict(
        throttle_time_ms=250, topics=[dict(topic="lögs", partitions=[
            dict(error_code=0, partition=3, leader_epoch=4, end_offset=4294967301),
            dict(error_code=74, partition=4, leader_epoch=-1, end_offset=-1)])])),
]


# kafka-python has the schemas of these two, but no use for them.
class DescribeTopicPartitionsRequest(ApiMessage): pass
class DescribeTopicPartitionsResponse(ApiMessage): pass


CLUSTER_SAMPLES = [
    (admin.DescribeClusterRequest, "full", 0, 2, dict(
        include_cluster_authorized_operations=True, endpoint_type=2, include_fenced_brokers=True)),
    (admin.DescribeClusterResponse, "full", 0, 2, dict(
        throttle_time_ms=250, error_code=115, error_message="no", endpoint_type=2, cluster_id="c-1", controller_id=7,
        brokers=[dict(broker_id=7, host="seven.example", port=9097, rack="r7", is_fenced=True),
                 dict(broker_id=8, host="::1", port=9098, rack=None, is_fenced=False)],
        authorized_operations=[3, 8])),
    (DescribeTopicPartitionsRequest, "full", 0, 0, dict(
        topics=[dict(name="lögs"), dict(name="b")], response_partition_limit=2000, cursor=dict(topic_name="lögs", partition_index=3))),
    (DescribeTopicPartitionsRequest, "sparse", 0, 0, dict(topics=[], response_partition_limit=100, cursor=None)),
    (DescribeTopicPartitionsResponse, "full", 0, 0, dict(
        throttle_time_ms=250, topics=[
            dict(error_code=0, name="lögs", topic_id=ID, is_internal=True, partitions=[
                dict(error_code=9, partition_index=3, leader_id=7, leader_epoch=5, replica_nodes=[7, 8], isr_nodes=[7],
                     eligible_leader_replicas=[8], last_known_elr=[7], offline_replicas=[8]),
                dict(error_code=0, partition_index=4, leader_id=-1, leader_epoch=-1, replica_nodes=[], isr_nodes=[],
                     eligible_leader_replicas=None, last_known_elr=None, offline_replicas=[])],
                topic_authorized_operations=264),
            dict(error_code=3, name=None, topic_id=OTHER_ID, is_internal=False, partitions=[],
                 topic_authorized_operations=-2147483648)],
        next_cursor=dict(topic_name="lögs", partition_index=5))),
    (DescribeTopicPartitionsResponse, "sparse", 0, 0, dict(throttle_time_ms=0, topics=[], next_cursor=None)),
    (admin.DescribeLogDirsRequest, "full", 1, 5, dict(
        topics=[dict(topic="lögs", partitions=[3, 4]), dict(topic="b", partitions=[])])),
    (admin.DescribeLogDirsRequest, "sparse", 1, 5, dict(topics=None)),
    (admin.DescribeLogDirsResponse, "full", 1, 5, dict(
        throttle_time_ms=250, error_code=31, results=[
            dict(error_code=0, log_dir="/var/lög", topics=[dict(name="lögs", partitions=[
                dict(partition_index=3, partition_size=4294967301, offset_lag=17, is_future_key=True)])],
                total_bytes=1099511627776, usable_bytes=549755813888, is_cordoned=True),
            dict(error_code=56, log_dir="/b", topics=[], total_bytes=-1, usable_bytes=-1, is_cordoned=False)])),
]

RULE = dict(principal="User:älice", host="10.0.0.1", operation=4, permission_type=3)
PATTERN = dict(resource_type=2, resource_name="lögs", pattern_type=4)
FILTER = dict(resource_type_filter=2, resource_name_filter="lögs", pattern_type_filter=2, principal_filter="User:älice",
              host_filter="10.0.0.1", operation=4, permission_type=2)
ANY = dict(resource_type_filter=1, resource_name_filter=None, pattern_type_filter=1, principal_filter=None,
           host_filter=None, operation=1, permission_type=1)

ACL_SAMPLES = [
    (admin.DescribeAclsRequest, "full", 1, 3, FILTER),
    (admin.DescribeAclsRequest, "sparse", 1, 3, ANY),
    (admin.DescribeAclsResponse, "full", 1, 3, dict(
        throttle_time_ms=250, error_code=54, error_message="off",
        resources=[dict(**PATTERN, acls=[RULE, dict(principal="User:*", host="*", operation=2, permission_type=2)])])),
    (admin.CreateAclsRequest, "full", 1, 3, dict(creations=[
        dict(resource_type=2, resource_name="lögs", resource_pattern_type=4, **RULE),
        dict(resource_type=4, resource_name="kafka-cluster", resource_pattern_type=3, principal="User:*", host="*",
             operation=2, permission_type=2)])),
    (admin.CreateAclsResponse, "full", 1, 3, dict(
        throttle_time_ms=250, results=[dict(error_code=42, error_message="odd"), dict(error_code=0, error_message=None)])),
    (admin.DeleteAclsRequest, "full", 1, 3, dict(filters=[FILTER, ANY])),
    (admin.DeleteAclsResponse, "full", 1, 3, dict(
        throttle_time_ms=250, filter_results=[
            dict(error_code=0, error_message=None, matching_acls=[dict(error_code=54, error_message="off", **PATTERN, **RULE)]),
            dict(error_code=42, error_message="odd", matching_acls=[])])),
]

ENTITY = [dict(entity_type="user", entity_name="älice"), dict(entity_type="client-id", entity_name=None)]

QUOTA_SAMPLES = [
    (admin.DescribeClientQuotasRequest, "full", 0, 1, dict(
        components=[dict(entity_type="user", match_type=0, match="älice"), dict(entity_type="client-id", match_type=2, match=None)],
        strict=True)),
    (admin.DescribeClientQuotasResponse, "full", 0, 1, dict(
        throttle_time_ms=250, error_code=42, error_message="odd",
        entries=[dict(entity=ENTITY, values=[dict(key="producer_byte_rate", value=1048576.5)])])),
    (admin.DescribeClientQuotasResponse, "sparse", 0, 1, dict(
        throttle_time_ms=0, error_code=0, error_message=None, entries=None)),
    (admin.AlterClientQuotasRequest, "full", 0, 1, dict(
        entries=[dict(entity=ENTITY, ops=[dict(key="producer_byte_rate", value=1048576.5, remove=False),
                                          dict(key="consumer_byte_rate", value=0.0, remove=True)])],
        validate_only=True)),
    (admin.AlterClientQuotasResponse, "full", 0, 1, dict(
        throttle_time_ms=250, entries=[dict(error_code=42, error_message="odd", entity=ENTITY),
                                       dict(error_code=0, error_message=None, entity=[])])),
    (admin.ElectLeadersRequest, "full", 0, 2, dict(
        election_type=1, topic_partitions=[dict(topic="lögs", partitions=[3, 4])], timeout_ms=1500)),
    (admin.ElectLeadersRequest, "sparse", 0, 2, dict(election_type=0, topic_partitions=None, timeout_ms=60000)),
    (admin.ElectLeadersResponse, "full", 0, 2, dict(
        throttle_time_ms=250, error_code=31, replica_election_results=[dict(topic="lögs", partition_result=[
            dict(partition_id=3, error_code=84, error_message="not needed"), dict(partition_id=4, error_code=0, error_message=None)])])),
    (admin.AlterPartitionReassignmentsRequest, "full", 0, 1, dict(
        timeout_ms=1500, allow_replication_factor_change=False,
        topics=[dict(name="lögs", partitions=[dict(partition_index=3, replicas=[7, 8]), dict(partition_index=4, replicas=None)])])),
    (admin.AlterPartitionReassignmentsResponse, "full", 0, 1, dict(
        throttle_time_ms=250, allow_replication_factor_change=False, error_code=31, error_message="no",
        responses=[dict(name="lögs", partitions=[dict(partition_index=3, error_code=85, error_message="none"),
                                                 dict(partition_index=4, error_code=0, error_message=None)])])),
    (admin.ListPartitionReassignmentsRequest, "full", 0, 0, dict(
        timeout_ms=1500, topics=[dict(name="lögs", partition_indexes=[3, 4])])),
    (admin.ListPartitionReassignmentsRequest, "sparse", 0, 0, dict(timeout_ms=60000, topics=None)),
    (admin.ListPartitionReassignmentsResponse, "full", 0, 0, dict(
        throttle_time_ms=250, error_code=31, error_message="no", topics=[dict(name="lögs", partitions=[
            dict(partition_index=3, replicas=[7, 8], adding_replicas=[8], removing_replicas=[9])])])),
]



def field(name, kind, versions="0+", fields=None, nullable=None):
    made = dict(name=name, type=kind, versions=versions)
    if fields:
        made["fields"] = fields
    if nullable:
        made["nullableVersions"] = nullable
    return made


def message(name, key, valid, flexible, *fields):
    """A message that kafka-python has no schema of."""
    kind = "request" if name.endswith("Request") else "response"
    schema = dict(apiKey=key, type=kind, name=name, validVersions=valid, flexibleVersions=flexible, fields=list(fields))
    load, api_data.load_json = api_data.load_json, lambda *_, **__: schema
    try:
        return type(ApiMessage)(name, (ApiMessage,), {})
    finally:
        api_data.load_json = load


PRINCIPAL = [field("PrincipalType", "string"), field("PrincipalName", "string")]
OWNER = PRINCIPAL + [field("TokenRequesterPrincipalType", "string", "3+"), field("TokenRequesterPrincipalName", "string", "3+")]
THROTTLE = field("ThrottleTimeMs", "int32")
ERROR = field("ErrorCode", "int16")
CreateDelegationTokenRequest = message(
    "CreateDelegationTokenRequest", 38, "0-3", "2+", field("OwnerPrincipalType", "string", "3+", nullable="3+"),
    field("OwnerPrincipalName", "string", "3+", nullable="3+"), field("Renewers", "[]Renewer", fields=PRINCIPAL),
    field("MaxLifetimeMs", "int64"))
CreateDelegationTokenResponse = message(
    "CreateDelegationTokenResponse", 38, "0-3", "2+", ERROR, *OWNER, field("IssueTimestampMs", "int64"),
    field("ExpiryTimestampMs", "int64"), field("MaxTimestampMs", "int64"), field("TokenId", "string"),
    field("Hmac", "bytes"), THROTTLE)
RenewDelegationTokenRequest = message(
    "RenewDelegationTokenRequest", 39, "0-2", "2+", field("Hmac", "bytes"), field("RenewPeriodMs", "int64"))
RenewDelegationTokenResponse = message(
    "RenewDelegationTokenResponse", 39, "0-2", "2+", ERROR, field("ExpiryTimestampMs", "int64"), THROTTLE)
ExpireDelegationTokenRequest = message(
    "ExpireDelegationTokenRequest", 40, "0-2", "2+", field("Hmac", "bytes"), field("ExpiryTimePeriodMs", "int64"))
ExpireDelegationTokenResponse = message(
    "ExpireDelegationTokenResponse", 40, "0-2", "2+", ERROR, field("ExpiryTimestampMs", "int64"), THROTTLE)
DescribeDelegationTokenRequest = message(
    "DescribeDelegationTokenRequest", 41, "0-3", "2+", field("Owners", "[]Owner", fields=PRINCIPAL, nullable="0+"))
DescribeDelegationTokenResponse = message(
    "DescribeDelegationTokenResponse", 41, "0-3", "2+", ERROR,
    field("Tokens", "[]Token", fields=OWNER + [
        field("IssueTimestamp", "int64"), field("ExpiryTimestamp", "int64"), field("MaxTimestamp", "int64"),
        field("TokenId", "string"), field("Hmac", "bytes"), field("Renewers", "[]Renewer", fields=PRINCIPAL)]),
    THROTTLE)
UnregisterBrokerRequest = message("UnregisterBrokerRequest", 64, "0", "0+", field("BrokerId", "int32"))
UnregisterBrokerResponse = message(
    "UnregisterBrokerResponse", 64, "0", "0+", THROTTLE, ERROR, field("ErrorMessage", "string", nullable="0+"))

ALICE = dict(principal_type="User", principal_name="älice")
ASKER = dict(token_requester_principal_type="User", token_requester_principal_name="bob")
REPLICA = dict(replica_id=7, replica_directory_id=OTHER_ID, log_end_offset=4294967301, last_fetch_timestamp=-1,
               last_caught_up_timestamp=1700000000123)

WHOLE_CLUSTER_SAMPLES = [
    (admin.AlterReplicaLogDirsRequest, "full", 0, 2, dict(
        dirs=[dict(path="/var/lög", topics=[dict(name="lögs", partitions=[3, 4]), dict(name="b", partitions=[])]),
              dict(path="/b", topics=[])])),
    (admin.AlterReplicaLogDirsResponse, "full", 0, 2, dict(
        throttle_time_ms=250, results=[dict(topic_name="lögs", partitions=[
            dict(partition_index=3, error_code=57), dict(partition_index=4, error_code=0)])])),
    (admin.DescribeUserScramCredentialsRequest, "full", 0, 0, dict(users=[dict(name="älice"), dict(name="bob")])),
    (admin.DescribeUserScramCredentialsRequest, "sparse", 0, 0, dict(users=None)),
    (admin.DescribeUserScramCredentialsResponse, "full", 0, 0, dict(
        throttle_time_ms=250, error_code=31, error_message="no", results=[
            dict(user="älice", error_code=0, error_message=None, credential_infos=[
                dict(mechanism=1, iterations=4096), dict(mechanism=2, iterations=8192)]),
            dict(user="bob", error_code=91, error_message="none", credential_infos=[])])),
    (admin.AlterUserScramCredentialsRequest, "full", 0, 0, dict(
        deletions=[dict(name="bob", mechanism=1)],
        upsertions=[dict(name="älice", mechanism=2, iterations=4096, salt=OPAQUE, salted_password=RECORDS)])),
    (admin.AlterUserScramCredentialsResponse, "full", 0, 0, dict(
        throttle_time_ms=250, results=[dict(user="älice", error_code=35, error_message="no"),
                                       dict(user="bob", error_code=0, error_message=None)])),
    (admin.DescribeQuorumRequest, "full", 0, 2, dict(
        topics=[dict(topic_name="__cluster_metadata", partitions=[dict(partition_index=0)])])),
    (admin.DescribeQuorumResponse, "full", 0, 2, dict(
        error_code=31, error_message="no", topics=[dict(topic_name="__cluster_metadata", partitions=[
            dict(partition_index=0, error_code=6, error_message="elsewhere", leader_id=7, leader_epoch=5,
                 high_watermark=4294967301, current_voters=[REPLICA], observers=[])])],
        nodes=[dict(node_id=7, listeners=[dict(name="CONTROLLER", host="seven.example", port=59097)])])),
    (admin.UpdateFeaturesRequest, "full", 0, 2, dict(
        timeout_ms=1500, validate_only=True, feature_updates=[
            dict(feature="metadata.version", max_version_level=21, allow_downgrade=False, upgrade_type=1),
            dict(feature="b", max_version_level=0, allow_downgrade=True, upgrade_type=3)])),
    (admin.UpdateFeaturesResponse, "full", 0, 2, dict(
        throttle_time_ms=250, error_code=95, error_message="none", results=[
            dict(feature="metadata.version", error_code=95, error_message="odd"),
            dict(feature="b", error_code=0, error_message=None)])),
    (UnregisterBrokerRequest, "full", 0, 0, dict(broker_id=7)),
    (UnregisterBrokerResponse, "full", 0, 0, dict(throttle_time_ms=250, error_code=102, error_message="gone")),
    (admin.DescribeTransactionsRequest, "full", 0, 0, dict(transactional_ids=["tx-1", "tx-ö"])),
    (admin.DescribeTransactionsResponse, "full", 0, 0, dict(
        throttle_time_ms=250, transaction_states=[
            dict(error_code=0, transactional_id="tx-1", transaction_state="Ongoing", transaction_timeout_ms=60000,
                 transaction_start_time_ms=1700000000123, producer_id=81985529216486895, producer_epoch=3,
                 topics=[dict(topic="lögs", partitions=[3, 4])]),
            dict(error_code=105, transactional_id="tx-ö", transaction_state="", transaction_timeout_ms=0,
                 transaction_start_time_ms=0, producer_id=0, producer_epoch=0, topics=[])])),
    (producer.WriteTxnMarkersRequest, "full", 1, 2, dict(markers=[dict(
        producer_id=81985529216486895, producer_epoch=3, transaction_result=True,
        topics=[dict(name="lögs", partition_indexes=[3, 4])], coordinator_epoch=5, transaction_version=2)])),
    (producer.WriteTxnMarkersResponse, "full", 1, 2, dict(markers=[dict(
        producer_id=81985529216486895, topics=[dict(name="lögs", partitions=[
            dict(partition_index=3, error_code=48), dict(partition_index=4, error_code=0)])])])),
    (admin.ListTransactionsRequest, "full", 0, 2, dict(
        state_filters=["Ongoing", "Odd"], producer_id_filters=[81985529216486895], duration_filter=60000,
        transactional_id_pattern="tx-.*")),
    (admin.ListTransactionsResponse, "full", 0, 2, dict(
        throttle_time_ms=250, error_code=14, unknown_state_filters=["Odd"], transaction_states=[
            dict(transactional_id="tx-1", producer_id=81985529216486895, transaction_state="Ongoing")])),
    (admin.ListConfigResourcesRequest, "full", 0, 1, dict(resource_types=[2, 16])),
    (admin.ListConfigResourcesResponse, "full", 0, 1, dict(
        throttle_time_ms=250, error_code=31, config_resources=[dict(resource_name="lögs", resource_type=2)])),
    (CreateDelegationTokenRequest, "full", 0, 3, dict(
        owner_principal_type="User", owner_principal_name="bob", renewers=[ALICE], max_lifetime_ms=86400000)),
    (CreateDelegationTokenRequest, "sparse", 0, 3, dict(
        owner_principal_type=None, owner_principal_name=None, renewers=[], max_lifetime_ms=-1)),
    (CreateDelegationTokenResponse, "full", 0, 3, dict(
        error_code=64, **ALICE, **ASKER, issue_timestamp_ms=1700000000123, expiry_timestamp_ms=1700000000124,
        max_timestamp_ms=1700000000125, token_id="t-1", hmac=OPAQUE, throttle_time_ms=250)),
    (RenewDelegationTokenRequest, "full", 0, 2, dict(hmac=OPAQUE, renew_period_ms=86400000)),
    (RenewDelegationTokenResponse, "full", 0, 2, dict(
        error_code=62, expiry_timestamp_ms=1700000000123, throttle_time_ms=250)),
    (ExpireDelegationTokenRequest, "full", 0, 2, dict(hmac=OPAQUE, expiry_time_period_ms=-1)),
    (ExpireDelegationTokenResponse, "full", 0, 2, dict(
        error_code=62, expiry_timestamp_ms=1700000000123, throttle_time_ms=250)),
    (DescribeDelegationTokenRequest, "full", 0, 3, dict(owners=[ALICE])),
    (DescribeDelegationTokenRequest, "sparse", 0, 3, dict(owners=None)),
    (DescribeDelegationTokenResponse, "full", 0, 3, dict(
        error_code=61, tokens=[dict(
            **ALICE, **ASKER, issue_timestamp=1700000000123, expiry_timestamp=1700000000124,
            max_timestamp=1700000000125, token_id="t-1", hmac=OPAQUE, renewers=[ALICE])],
        throttle_time_ms=250)),
]

# kafka-python's schemas have left version 1 of OffsetCommit behind; its older code still has it.
OLD = {("OffsetCommitRequest", 1): old_commit.OffsetCommitRequest_v1, ("OffsetCommitResponse", 1): old_commit.OffsetCommitResponse_v1}


def flat(fields, schema):
    """Plain values as the older code takes them: tuples in the order of the schema."""
    values = []
    for name, kind in zip(schema.names, schema.fields):
        value = fields[name]
        if hasattr(kind, "array_of") and hasattr(kind.array_of, "names"):
            value = [flat(element, kind.array_of) for element in value]
        values.append(value)
    return tuple(values)


def old_frame(message, fields):
    body = message.SCHEMA.encode(flat(fields, message.SCHEMA))
    client = "client-é".encode()
    header = struct.pack(">i", 305419896)
    if issubclass(message, old_commit.Request):
        header = struct.pack(">hh", message.API_KEY, message.API_VERSION) + header + struct.pack(">h", len(client)) + client
    return struct.pack(">i", len(header + body)) + header + body


def build(container, fields, version):
    """A message of kafka-python from plain values. Tagged fields are set only in versions that have them: kafka-python
    writes what is set."""
    values = {}
    for name, value in fields.items():
        field = container._struct.fields[name]
        if not field.for_version_q(version):
            continue
        if field.is_struct_array() and value is not None:
            value = [build(field.data_class, element, version) for element in value]
        elif field.is_struct() and value is not None:
            value = build(field.data_class, value, version)
        values[name] = value
    return container(version=version, **values)


for message, sample, low, high, fields in SAMPLES + CONFIG_SAMPLES + GROUP_SAMPLES + OFFSET_SAMPLES + CLUSTER_SAMPLES + ACL_SAMPLES + QUOTA_SAMPLES + WHOLE_CLUSTER_SAMPLES:
    for version in range(low, high + 1):
        if (message.name, version) in OLD:
            print(message.name, sample, version, old_frame(OLD[message.name, version], fields).hex())
            continue
        body = build(message, fields, version)
        if message.is_request():
            body.with_header(correlation_id=305419896, client_id="client-é")
        else:
            body.with_header(correlation_id=305419896)
        frame = bytes(body.encode(header=True, framed=True))
        print(message.name, sample, version, frame.hex())
