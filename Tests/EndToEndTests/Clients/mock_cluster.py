"""librdkafka's mock cluster: prints its addresses, then does what each line of standard input says and prints "ok".

    create TOPIC PARTITIONS
    errors API CODE...          the next requests of the API are answered so; -195 hangs up
    leader TOPIC PARTITION BROKER
    down BROKER / up BROKER     brokers are numbered from 1
    rtt BROKER MILLISECONDS

Ends with its input.
"""

import argparse
import ctypes
import glob
import os
import sys

import confluent_kafka


def library():
    """The library that the Python client brings along; else the system's."""
    directory = os.path.dirname(os.path.dirname(confluent_kafka.__file__))
    bundled = glob.glob(os.path.join(directory, "confluent_kafka.libs", "librdkafka*.so*"))
    return ctypes.CDLL(bundled[0] if bundled else "librdkafka.so.1")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--brokers", type=int, default=3)
    brokers = parser.parse_args().brokers

    rd = library()
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(rd, name).restype = ctypes.c_void_p
    rd.rd_kafka_mock_push_request_errors_array.restype = None
    rd.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    error = ctypes.create_string_buffer(512)
    producer = 0
    client = rd.rd_kafka_new(producer, ctypes.c_void_p(rd.rd_kafka_conf_new()), error, len(error))
    if not client:
        raise SystemExit(error.value.decode())
    cluster = ctypes.c_void_p(rd.rd_kafka_mock_cluster_new(ctypes.c_void_p(client), brokers))
    print(rd.rd_kafka_mock_cluster_bootstraps(cluster).decode(), flush=True)

    def errors(api, *codes):
        array = (ctypes.c_int * len(codes))(*map(int, codes))
        rd.rd_kafka_mock_push_request_errors_array(
            cluster, ctypes.c_int16(int(api)), ctypes.c_size_t(len(codes)), array)

    commands = {
        "create": lambda topic, count: rd.rd_kafka_mock_topic_create(cluster, topic.encode(), int(count), 1),
        "errors": errors,
        "leader": lambda topic, partition, broker: rd.rd_kafka_mock_partition_set_leader(
            cluster, topic.encode(), ctypes.c_int32(int(partition)), ctypes.c_int32(int(broker))),
        "down": lambda broker: rd.rd_kafka_mock_broker_set_down(cluster, ctypes.c_int32(int(broker))),
        "up": lambda broker: rd.rd_kafka_mock_broker_set_up(cluster, ctypes.c_int32(int(broker))),
        "rtt": lambda broker, time: rd.rd_kafka_mock_broker_set_rtt(
            cluster, ctypes.c_int32(int(broker)), ctypes.c_int(int(time))),
    }
    for line in sys.stdin:
        name, *arguments = line.split()
        result = commands[name](*arguments)
        print(f"error {result}" if result else "ok", flush=True)


main()
