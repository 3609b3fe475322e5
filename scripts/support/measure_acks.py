"""Measures how long acknowledgements take. Started by `benchmark-acks`."""

import argparse
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

from confluent_kafka import Producer

VALUE = b"x" * 1024


def producer_loop(address, partition, until, taken):
    """One record at a time: the next leaves when the last is acknowledged."""
    producer = Producer({"bootstrap.servers": address, "acks": "all", "linger.ms": 0, "log_level": 0,
                         "socket.nagle.disable": True})
    producer.list_topics("acks", timeout=30)
    answered = []
    while time.monotonic() < until:
        begin = time.monotonic()
        answered.clear()
        producer.produce("acks", VALUE, partition=partition, on_delivery=lambda error, _: answered.append(error))
        while not answered:
            producer.poll(5)
        if answered[0]:
            raise SystemExit(f"not acknowledged: {answered[0]}")
        taken.append(time.monotonic() - begin)
    producer.flush(10)


def measure(binary, flush, count, seconds):
    with tempfile.TemporaryDirectory(prefix="tributary-acks.") as directory:
        work = pathlib.Path(directory)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        (work / "collector.yaml").write_text(
            f"listen: {address}\ndata_dir: '{work}/data'\nflush: {flush}\nnum.partitions: 4\n")
        log = work / "log"
        with open(log, "wb") as out:
            collector = subprocess.Popen([binary, "run", "--config", work / "collector.yaml"], stderr=out)
        try:
            while b"ready" not in log.read_bytes():
                if collector.poll() is not None:
                    raise SystemExit(log.read_text())
                time.sleep(0.01)
            Producer({"bootstrap.servers": address}).list_topics("acks", timeout=30)
            taken = []
            until = time.monotonic() + seconds
            threads = [threading.Thread(target=producer_loop, args=(address, n % 4, until, taken)) for n in range(count)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            collector.send_signal(signal.SIGTERM)
            collector.wait(30)
    cuts = statistics.quantiles(taken, n=100)
    print(f"{flush:<10}{count:>10}{len(taken) / seconds:>12.0f}{cuts[49] * 1000:>10.1f}{cuts[98] * 1000:>10.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{'flush':<10}{'producers':>10}{'records/s':>12}{'p50 ms':>10}{'p99 ms':>10}")
    for flush in ["commit", "interval", "os"]:
        for count in [1, 10, 100]:
            measure(arguments.bin / "tributary-collector", flush, count, arguments.seconds)


main()
