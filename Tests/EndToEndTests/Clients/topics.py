"""What creating and describing topics promises, one check after the other; ends with a message where one is broken."""

import argparse
import time

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from kafka.admin import KafkaAdminClient
from kafka.admin import NewTopic as PythonTopic
from kafka.errors import KafkaError

from wire import Connection, header, metadata_request, string

DEADLINE = 30


def expect(condition, message):
    if not condition:
        raise SystemExit(message)


def confluent_create(admin, *topics, validate_only=False):
    """What came of each: None, or the error's name."""
    results = {}
    for name, future in admin.create_topics(list(topics), validate_only=validate_only, operation_timeout=DEADLINE).items():
        try:
            future.result(DEADLINE)
            results[name] = None
        except KafkaException as error:
            results[name] = error.args[0].name()
    return results


def python_create(admin, *topics, **options):
    """As confluent_create; kafka-python ends at the first error."""
    results = {}
    for topic in topics:
        try:
            admin.create_topics([topic], **options)
            results[topic.name] = None
        except KafkaError as error:
            results[topic.name] = type(error).__name__
    return results


def partitions(admin, topic):
    found = admin.list_topics(timeout=DEADLINE).topics
    return len(found[topic].partitions) if topic in found else None


def creation(bootstrap):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    python = KafkaAdminClient(bootstrap_servers=bootstrap)
    long = "x" * 249
    got = confluent_create(
        admin, NewTopic("five", 5, 1), NewTopic("default", -1, -1), NewTopic(long, 1, 1),
        NewTopic("set", 1, 1, config={"segment.bytes": "1048576", "max.message.bytes": "2000"}),
        NewTopic("bad name", 1, 1), NewTopic("..", 1, 1), NewTopic("../escape", 1, 1), NewTopic("x" * 250, 1, 1),
        NewTopic("umlautä", 1, 1), NewTopic("none", 0, 1), NewTopic("many", 100_000, 1),
        NewTopic("unknown", 1, 1, config={"no.such.setting": "1"}),
        NewTopic("wrong", 1, 1, config={"segment.bytes": "many"}),
        NewTopic("small", 1, 1, config={"segment.bytes": "1"}))
    wanted = {
        "five": None, "default": None, long: None, "set": None, "bad name": "TOPIC_EXCEPTION", "..": "TOPIC_EXCEPTION",
        "../escape": "TOPIC_EXCEPTION", "x" * 250: "TOPIC_EXCEPTION", "umlautä": "TOPIC_EXCEPTION",
        "none": "INVALID_PARTITIONS", "many": "INVALID_PARTITIONS", "unknown": "INVALID_CONFIG",
        "wrong": "INVALID_CONFIG", "small": "INVALID_CONFIG"}
    expect(got == wanted, f"confluent: {[(name, got[name], wanted[name]) for name in wanted if got[name] != wanted[name]]}")
    got = python_create(
        python, PythonTopic("python", 7, 1), PythonTopic("five", 5, 1), PythonTopic("bad/name", 1, 1),
        PythonTopic("refused", 1, 1, topic_configs={"no.such.setting": "1"}))
    expect(got == {"python": None, "five": "TopicAlreadyExistsError", "bad/name": "InvalidTopicError",
                   "refused": "InvalidConfigurationError"}, f"kafka-python: {got}")
    got = confluent_create(admin, NewTopic("five", 5, 1), NewTopic("tried", 2, 1), validate_only=True)
    expect(got == {"five": "TOPIC_ALREADY_EXISTS", "tried": None}, f"only tried: {got}")
    counts = {name: partitions(admin, name) for name in ("five", "default", "python", "set", long, "tried", "none", "many")}
    expect(counts == {"five": 5, "default": 3, "python": 7, "set": 1, long: 1, "tried": None, "none": None, "many": None},
           f"partitions: {counts}")
    described = python.describe_topics(["five"])[0]
    expect(len(described["partitions"]) == 5, f"kafka-python describes {described}")

    # The topic's own setting is in force.
    failures = []
    producer = Producer({"bootstrap.servers": bootstrap})
    for value in (b"x" * 100, b"x" * 3000):
        producer.produce("set", value, on_delivery=lambda error, _: failures.append(error and error.name()))
        producer.flush(DEADLINE)
    expect(failures == [None, "MSG_SIZE_TOO_LARGE"], f"max.message.bytes: {failures}")


def problems_are_explained(bootstrap):
    """The message beside the error code names what is wrong."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for topic, words in (
        (NewTopic("bad name", 1, 1), ["letters"]),
        (NewTopic("t", 1, 1, config={"segment.byte": "1"}), ["segment.byte", "segment.bytes"]),
        (NewTopic("t", 1, 1, config={"segment.bytes": "many"}), ["segment.bytes", "many"]),
        (NewTopic("t", 0, 1), ["0"])
    ):
        try:
            next(iter(admin.create_topics([topic]).values())).result(DEADLINE)
            raise SystemExit(f"{topic} was created")
        except KafkaException as error:
            expect(all(word in error.args[0].str() for word in words), f"{words} not in: {error.args[0].str()}")


def twice_in_one_request(bootstrap):
    """CreateTopics version 2 with the same topic twice, and with assignments; by hand, since no client does so."""
    connection = Connection(bootstrap)
    topic = string("double") + b"\x00\x00\x00\x01\x00\x01" + b"\x00\x00\x00\x00" * 2
    connection.send(header(19, 2) + b"\x00\x00\x00\x02" + topic * 2 + b"\x00\x00\x27\x10\x00")
    answer = connection.receive()
    expect(answer[8:16] == string("double") and answer[16:18] == b"\x00\x2a", f"not INVALID_REQUEST: {answer}")


def creation_by_use_on(bootstrap):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    producer = Producer({"bootstrap.servers": bootstrap})
    results = []
    producer.produce("used", b"value", on_delivery=lambda error, _: results.append(error))
    expect(producer.flush(DEADLINE) == 0 and results == [None], f"not taken: {results}")
    expect(partitions(admin, "used") == 3, f"partitions: {partitions(admin, 'used')}")
    # Not every name can be used.
    connection = Connection(bootstrap)
    connection.send(metadata_request(["not a name", "made-by-asking"]))
    answer = connection.receive()
    expect(b"\x00\x11" + string("not a name") in answer, "no INVALID_TOPIC_EXCEPTION for a bad name")
    expect(b"\x00\x00" + string("made-by-asking") in answer, "the topic was not made")


def creation_by_use_off(bootstrap):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    producer = Producer({"bootstrap.servers": bootstrap, "message.timeout.ms": 3000, "topic.metadata.propagation.max.ms": 500})
    results = []
    producer.produce("unused", b"value", on_delivery=lambda error, _: results.append(error.name()))
    expect(producer.flush(DEADLINE) == 0 and results == ["_UNKNOWN_TOPIC"] or results == ["UNKNOWN_TOPIC_OR_PART"],
           f"not refused: {results}")
    expect(partitions(admin, "unused") is None, "the topic was made")
    expect(confluent_create(admin, NewTopic("wanted", 1, 1)) == {"wanted": None}, "not made when asked for")


def two_hundred_partitions(bootstrap):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    started = time.monotonic()
    expect(confluent_create(admin, NewTopic("wide", 200, 1)) == {"wide": None}, "not made")
    expect(time.monotonic() - started < 20, f"it took {time.monotonic() - started} s")
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 50})
    failures = []
    for number in range(2000):
        producer.produce("wide", b"%d" % number, partition=number % 200,
                         on_delivery=lambda error, _: error and failures.append(error))
    expect(producer.flush(DEADLINE) == 0 and not failures, f"not taken: {failures[:1]}")
    expect(partitions(admin, "wide") == 200, "partitions")


CHECKS = [creation, problems_are_explained, twice_in_one_request, creation_by_use_on, creation_by_use_off,
          two_hundred_partitions]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("check", choices=[check.__name__ for check in CHECKS])
    arguments = parser.parse_args()
    next(check for check in CHECKS if check.__name__ == arguments.check)(arguments.bootstrap)


if __name__ == "__main__":
    main()
