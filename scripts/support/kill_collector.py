"""Kills the collector again and again under load, and checks that nothing acknowledged is lost or double."""

import argparse
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from confluent_kafka import Consumer, Producer, TopicPartition

TOPIC = "logs.kill"
PARTITIONS = 4


class Collector:
    def __init__(self, binary, work, flush):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.command = [binary, "run", "--config", work / "collector.yaml"]
        self.log = open(work / "collector.log", "ab")
        self.process = None
        (work / "collector.yaml").write_text(
            f"listen: {self.address}\ndata_dir: '{work}/data'\nflush: {flush}\n"
            # Small segments: kills meet rolls, snapshots and recovery points too.
            f"topics:\n  - {{match: '*', partitions: {PARTITIONS}, segment.bytes: 1MiB}}\n")

    def start(self):
        before = self.log.tell()
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        until = time.monotonic() + 60
        while b"ready" not in pathlib.Path(self.log.name).read_bytes()[before:]:
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit("the collector did not come back:\n" + pathlib.Path(self.log.name).read_text()[-4000:])
            time.sleep(0.01)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


class Writer(threading.Thread):
    """Writes numbered records, and notes which were acknowledged."""

    def __init__(self, address, partition):
        super().__init__(daemon=True)
        self.partition = partition
        self.acknowledged = []
        self.failed = 0
        self.ended = False
        self.producer = Producer({
            "bootstrap.servers": address, "enable.idempotence": True, "acks": "all", "linger.ms": 5,
            "compression.type": "lz4", "message.timeout.ms": 600000, "batch.num.messages": 500,
            "reconnect.backoff.max.ms": 200, "log_level": 0})

    def run(self):
        number = 0
        while not self.ended:
            text = f"{self.partition} {number} {'x' * (number % 300)}"
            try:
                self.producer.produce(TOPIC, text.encode(), partition=self.partition, on_delivery=self.delivered)
                number += 1
            except BufferError:
                self.producer.poll(0.05)
                continue
            self.producer.poll(0)
            if number % 200 == 0:
                time.sleep(0.005)
        self.left = self.producer.flush(120)

    def delivered(self, error, message):
        if error:
            self.failed += 1
        else:
            self.acknowledged.append(int(message.value().split(b" ", 2)[1]))


def read_all(address, partition):
    consumer = Consumer({"bootstrap.servers": address, "group.id": "reader", "enable.auto.commit": False,
                         "enable.partition.eof": True, "log_level": 0})
    low, high = consumer.get_watermark_offsets(TopicPartition(TOPIC, partition), timeout=30)
    consumer.assign([TopicPartition(TOPIC, partition, low)])
    numbers, until = [], time.monotonic() + 120
    while time.monotonic() < until:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            if message.error().name() == "_PARTITION_EOF":
                break
            raise SystemExit(f"reading partition {partition}: {message.error()}")
        numbers.append(int(message.value().split(b" ", 2)[1]))
        if message.offset() + 1 >= high:
            break
    consumer.close()
    return numbers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--flush", default="commit")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    dice = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="tributary-kill.") as directory:
        work = pathlib.Path(directory)
        collector = Collector(arguments.bin / "tributary-collector", work, arguments.flush)
        collector.start()
        writers = [Writer(collector.address, partition) for partition in range(PARTITIONS)]
        Producer({"bootstrap.servers": collector.address}).list_topics(TOPIC, timeout=30)
        for writer in writers:
            writer.start()
        for number in range(arguments.times):
            time.sleep(dice.uniform(0.05, 1.0))
            collector.kill()
            collector.start()
            if number % 10 == 9:
                print(f"{number + 1} kills, {sum(len(w.acknowledged) for w in writers)} acknowledged", flush=True)
        for writer in writers:
            writer.ended = True
        for writer in writers:
            writer.join(150)
        lost = double = disordered = failed = left = 0
        for writer in writers:
            found = read_all(collector.address, writer.partition)
            lost += len(set(writer.acknowledged) - set(found))
            double += len(found) - len(set(found))
            disordered += sum(1 for a, b in zip(found, found[1:]) if b < a)
            failed += writer.failed
            left += writer.left
        total = sum(len(w.acknowledged) for w in writers)
        collector.stop()
        print(f"{arguments.times} kills: {total} acknowledged, {lost} lost, {double} double, {disordered} out of order, "
              f"{failed} failed, {left} never answered")
        if lost or double or disordered or left or not total:
            print(pathlib.Path(collector.log.name).read_text()[-4000:], file=sys.stderr)
            raise SystemExit(1)


main()
