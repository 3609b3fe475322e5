"""Reads everything back, and holds it against what was written."""

import dataclasses
import time

from confluent_kafka import Consumer, TopicPartition

TOPIC = "logs.chaos"


@dataclasses.dataclass
class Account:
    """One file's lines."""
    written: int
    excused: int = 0
    found: int = 0
    lost: int = 0
    excused_lost: int = 0
    doubled: int = 0
    disordered: int = 0
    examples: list = dataclasses.field(default_factory=list)


def consumer(address):
    return Consumer({"bootstrap.servers": address, "group.id": "chaos", "enable.auto.commit": False,
                     "enable.partition.eof": True, "log_level": 0, "fetch.wait.max.ms": 50})


def records(address, partitions) -> int:
    """How many records the topic has; none where it is not there yet."""
    client = consumer(address)
    try:
        if TOPIC not in client.list_topics(timeout=30).topics:
            return 0
        return sum(client.get_watermark_offsets(TopicPartition(TOPIC, number), timeout=30)[1]
                   for number in range(partitions))
    finally:
        client.close()


def read_back(address, partitions) -> tuple[dict[bytes, list[int]], list[bytes]]:
    """Line numbers by file, in the order of the topic, and what is no line of ours."""
    numbers: dict[bytes, list[int]] = {}
    strange = []
    client = consumer(address)
    for partition in range(partitions):
        low, high = client.get_watermark_offsets(TopicPartition(TOPIC, partition), timeout=30)
        if high <= low:
            continue
        client.assign([TopicPartition(TOPIC, partition, low)])
        until, at = time.monotonic() + 300, low
        while at < high:
            if time.monotonic() > until:
                raise SystemExit(f"partition {partition} cannot be read: at {at} of {high}")
            for message in client.consume(10000, 1):
                if message.error():
                    continue
                at = message.offset() + 1
                value = message.value()
                parts = value.split(b" ", 2)
                if len(parts) == 3 and parts[1].isdigit() and len(value) == 119:
                    numbers.setdefault(parts[0], []).append(int(parts[1]))
                else:
                    strange.append(value)
    client.close()
    return numbers, strange


def settle(writer, numbers: list[int]) -> Account:
    account = Account(written=writer.count, found=len(numbers))
    excused = {number for span in writer.excused for number in span}
    account.excused = len(excused)
    seen = bytearray(writer.count)
    highest = -1
    doubled, disordered, lost = [], [], []
    for number in numbers:
        if number >= writer.count:
            account.examples.append(f"{number} was never written")
            account.disordered += 1
        elif seen[number]:
            doubled.append(number)
        else:
            seen[number] = 1
            if number < highest:
                disordered.append(number)
            highest = max(highest, number)
    for number in range(writer.count):
        if not seen[number]:
            if number in excused:
                account.excused_lost += 1
            else:
                lost.append(number)
    account.doubled, account.lost = len(doubled), len(lost)
    account.disordered += len(disordered)
    for what, which in [("doubled", doubled), ("out of order", disordered), ("lost", lost)]:
        account.examples += [f"{what}: {span}" for span in spans(which)]
    return account


def spans(numbers: list[int]) -> list[str]:
    """Numbers as ranges, in the order given."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return [f"{first} to {last}" for first, last in found]
