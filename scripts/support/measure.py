"""Ships one file from agent to collector, prints what it cost, and reads it back with kcat. Started by `benchmark`."""

import argparse
import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOPIC = "logs.benchmark"
DEADLINE = 1800


class Measured:
    """A program whose CPU time and peak memory are told when it ends."""

    def __init__(self, command, **options):
        self.started = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
        self.peak = 0

    def sample(self):
        # Not wait4's ru_maxrss: that begins with what this script had in memory when it forked.
        try:
            with open(f"/proc/{self.process.pid}/status") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        self.peak = max(self.peak, int(line.split()[1]) * 1024)
        except (FileNotFoundError, ProcessLookupError):
            pass

    def wait(self, seconds=DEADLINE):
        """Waits for the end; keeps `cpu`, `wall`, `peak` and `status`."""
        until = time.monotonic() + seconds
        while True:
            self.sample()
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > until:
                raise SystemExit(f"{self.process.args[0]} did not end within {seconds} seconds")
            time.sleep(0.005)
        self.wall = time.monotonic() - self.started
        self.cpu = usage.ru_utime + usage.ru_stime
        self.status = self.process.returncode = os.waitstatus_to_exitcode(status)
        return self

    def stop(self):
        """Asks it to end, and insists after a while."""
        if self.process.returncode is not None:
            return self
        self.sample()
        # Not Popen's own: it looks first whether the process has ended, and then its cost is gone.
        os.kill(self.process.pid, signal.SIGTERM)
        try:
            return self.wait(30)
        except SystemExit:
            self.process.kill()
            self.wait(30)
            raise


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_collector(arguments, work):
    log = work / "collector.log"
    with open(log, "wb") as out:
        collector = Measured(
            [arguments.bin / "tributary-collector", "run", "--config", work / "collector.yaml"], stdout=out, stderr=out)
    until = time.monotonic() + 30
    while log.stat().st_size == 0:
        if collector.process.poll() is not None or time.monotonic() > until:
            collector.process.kill()
            raise SystemExit("the collector did not start")
        time.sleep(0.01)
    return collector


def run_lz4(file):
    with open(file, "rb") as whole:  # Into the page cache, for all who read it after.
        while whole.read(1 << 20):
            pass
    measured = Measured(["lz4", "-1", "-q", "-c", file], stdout=subprocess.DEVNULL).wait()
    if measured.status:
        raise SystemExit("lz4 failed")
    return measured


def run_agent(arguments, work):
    with open(work / "agent.log", "wb") as out:
        agent = Measured(
            [arguments.bin / "tributary-agent", "run", "--once", "--config", work / "agent.yaml"],
            stdout=out, stderr=out)
    try:
        agent.wait()
    finally:
        if agent.process.returncode is None:
            agent.process.kill()
            agent.wait(30)
    if agent.status:
        raise SystemExit(f"the agent ended with {agent.status}")
    return agent


def fingerprint(stream):
    """Lines and SHA-256 of all that comes."""
    lines, digest = 0, hashlib.sha256()
    while chunk := stream.read(1 << 20):
        lines += chunk.count(b"\n")
        digest.update(chunk)
    return lines, digest.hexdigest()


def read_back(address):
    # One partition holds all lines of the file, in its order.
    kcat = subprocess.Popen(
        ["kcat", "-C", "-q", "-e", "-b", address, "-t", TOPIC, "-o", "beginning"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        result = fingerprint(kcat.stdout)
        if kcat.wait(60):
            raise SystemExit(f"kcat ended with {kcat.returncode}")
        return result
    finally:
        kcat.kill()


def write_configuration(arguments, work, address):
    # No rule for the topic: it gets one partition.
    (work / "collector.yaml").write_text(f"listen: {address}\ndata_dir: '{work}/collector'\nflush: {arguments.flush}\n")
    (work / "agent.yaml").write_text(
        f"state_dir: '{work}/agent'\n"
        f"collector: {{bootstrap: ['{address}'], compression: {arguments.compression}}}\n"
        f"sources: [{{name: benchmark, type: file, include: ['{arguments.file}']}}]\n")


def print_table(arguments, lz4, agent, collector, stored):
    size = arguments.file.stat().st_size
    print(f"\n{size / 2**20:.0f} MiB of log lines, compression {arguments.compression}, flush {arguments.flush}, "
          f"{stored / 2**20:.0f} MiB stored, {os.cpu_count()} cores\n")
    print(f"{'':<22}{'CPU s':>9}{'x lz4 -1':>10}{'peak MiB':>10}{'wall s':>9}{'MiB/s':>8}")
    for name, measured in [("lz4 -1", lz4), ("tributary-agent", agent), ("tributary-collector", collector)]:
        wall = agent.wall if measured is collector else measured.wall
        print(f"{name:<22}{measured.cpu:>9.2f}{measured.cpu / max(lz4.cpu, 0.001):>10.2f}"
              f"{measured.peak / 2**20:>10.1f}{wall:>9.2f}{size / 2**20 / wall:>8.0f}")


def measure(arguments, work):
    address = f"127.0.0.1:{free_port()}"
    write_configuration(arguments, work, address)
    lz4 = run_lz4(arguments.file)
    collector = start_collector(arguments, work)
    try:
        agent = run_agent(arguments, work)
    finally:
        collector.stop()
    segments = (work / "collector").rglob("*.log")
    print_table(arguments, lz4, agent, collector, sum(segment.stat().st_size for segment in segments))

    # By a new collector: reading back is not to count above, and what it reads has been on disk.
    reader = start_collector(arguments, work)
    try:
        got = read_back(address)
    finally:
        reader.stop()
    with open(arguments.file, "rb") as whole:
        expected = fingerprint(whole)
    print(f"\nread back with kcat: {got[0]} of {expected[0]} lines, "
          f"{'the same bytes in the same order' if got == expected else 'OTHER BYTES THAN THE FILE'}")
    return got == expected


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--file", type=pathlib.Path, required=True)
    parser.add_argument("--flush", choices=["commit", "interval", "os"], default="commit")
    parser.add_argument("--compression", choices=["lz4", "gzip", "none"], required=True)
    arguments = parser.parse_args()
    arguments.file = arguments.file.resolve()
    # SIGTERM ends as Ctrl-C does: what was started is stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    work = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=arguments.file.parent))
    try:
        sys.exit(0 if measure(arguments, work) else 1)
    except SystemExit as end:
        if isinstance(end.code, str):
            for log in sorted(work.glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
        raise
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
