#!/usr/bin/env python3
"""Prints the frames that kafka-python makes of the messages in MessageSamples.swift, in every version.

    python3 -m venv venv && venv/bin/pip install kafka-python==3.0.12
    venv/bin/python make-fixtures.py > kafka-python.txt

A line is: message, sample, version, frame in hexadecimal. kafka-python encodes from Apache Kafka's own schemas, so that
these bytes are a second opinion.
"""
import uuid

import kafka.protocol.admin as admin
import kafka.protocol.consumer as consumer
import kafka.protocol.metadata as metadata
import kafka.protocol.producer as producer

ID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
OTHER_ID = uuid.UUID("fedcba98-7654-3210-0f1e-2d3c4b5a6978")
RECORDS = bytes(range(64, 104))

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
    (metadata.MetadataRequest, "full", 0, 12, dict(
        topics=[dict(topic_id=ID, name="lögs"), dict(topic_id=OTHER_ID, name="b")],
        allow_auto_topic_creation=False, include_cluster_authorized_operations=True,
        include_topic_authorized_operations=True)),
    (metadata.MetadataRequest, "sparse", 1, 12, dict(
        topics=None, allow_auto_topic_creation=True, include_cluster_authorized_operations=False,
        include_topic_authorized_operations=False)),
    (metadata.MetadataResponse, "full", 0, 12, dict(
        throttle_time_ms=250, brokers=[dict(node_id=7, host="seven.example", port=9097, rack="r7"), dict(node_id=8, host="::1", port=9098, rack=None)],
        cluster_id="c-1", controller_id=7,
        topics=[dict(error_code=0, name="lögs", topic_id=ID, is_internal=True, partitions=[
            dict(error_code=9, partition_index=3, leader_id=7, leader_epoch=5, replica_nodes=[7, 8], isr_nodes=[7], offline_replicas=[8])],
            authorized_operations=[3, 4, 5, 6, 7, 8, 10, 11])],
        authorized_operations=[3, 8])),
    (metadata.MetadataResponse, "sparse", 12, 12, dict(
        throttle_time_ms=0, brokers=[], cluster_id=None, controller_id=-1,
        topics=[dict(error_code=100, name=None, topic_id=ID, is_internal=False, partitions=[])])),
    (producer.ProduceRequest, "full", 3, 12, dict(
        transactional_id="tx-1", acks=-1, timeout_ms=1500,
        topic_data=[dict(name="lögs", partition_data=[dict(index=3, records=RECORDS), dict(index=4, records=None)])])),
    (producer.ProduceRequest, "sparse", 3, 12, dict(transactional_id=None, acks=1, timeout_ms=30000, topic_data=[])),
    (producer.ProduceResponse, "full", 3, 12, dict(
        responses=[dict(name="lögs", partition_responses=[
            dict(index=3, error_code=6, base_offset=4294967301, log_append_time_ms=1700000000123, log_start_offset=17,
                 record_errors=[dict(batch_index=2, batch_index_error_message="bad"), dict(batch_index=3, batch_index_error_message=None)],
                 error_message="no", current_leader=dict(leader_id=7, leader_epoch=9)),
            dict(index=4, error_code=0, base_offset=0, log_append_time_ms=-1, log_start_offset=-1,
                 record_errors=[], error_message=None)])],
        throttle_time_ms=250, node_endpoints=[ENDPOINT])),
    (consumer.FetchRequest, "full", 4, 17, dict(
        cluster_id="c-1", replica_id=5, replica_state=dict(replica_id=5, replica_epoch=6),
        max_wait_ms=500, min_bytes=1, max_bytes=52428800, isolation_level=1, session_id=1234567, session_epoch=8,
        topics=[dict(topic="lögs", topic_id=ID, partitions=[
            dict(partition=3, current_leader_epoch=5, fetch_offset=4294967301, last_fetched_epoch=4, log_start_offset=17,
                 partition_max_bytes=1048576, replica_directory_id=OTHER_ID)])],
        forgotten_topics_data=[dict(topic="b", topic_id=OTHER_ID, partitions=[1, 2])], rack_id="r7")),
    (consumer.FetchRequest, "sparse", 4, 17, dict(
        replica_id=-1, max_wait_ms=0, min_bytes=0, max_bytes=2147483647, isolation_level=0, session_id=0, session_epoch=-1,
        topics=[], forgotten_topics_data=[], rack_id="")),
    (consumer.FetchResponse, "full", 4, 17, dict(
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
    (consumer.ListOffsetsRequest, "full", 1, 9, dict(
        replica_id=-1, isolation_level=1,
        topics=[dict(name="lögs", partitions=[dict(partition_index=3, current_leader_epoch=5, timestamp=1700000000123),
                                              dict(partition_index=4, current_leader_epoch=-1, timestamp=-2)])])),
    (consumer.ListOffsetsResponse, "full", 1, 9, dict(
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


for message, sample, low, high, fields in SAMPLES:
    for version in range(low, high + 1):
        body = build(message, fields, version)
        if message.is_request():
            body.with_header(correlation_id=305419896, client_id="client-é")
        else:
            body.with_header(correlation_id=305419896)
        frame = bytes(body.encode(header=True, framed=True))
        print(message.name, sample, version, frame.hex())
