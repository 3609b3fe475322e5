"""The agent's memory while the collector is down and the logs go on; see scripts/memory."""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time

import programs

# Every line is so long, newline included.
LINE_BYTES = 500
FILL = b"." * (LINE_BYTES - 14)
# What of a line may not be in the state directory: more of the filling than any path or hash could have.
CONTENT = b"." * 64
TOPIC = "logs.memory"


def lines(first: int, count: int) -> bytes:
    return b"".join(b"%012d %s\n" % (number, FILL) for number in range(first, first + count))


class Writer(threading.Thread):
    """Writes numbered lines at a rate; every second a file is full, and the oldest but eight is deleted, once it may be."""

    KEPT = 8
    TICK = 0.02

    def __init__(self, directory: pathlib.Path, bytes_per_second: int, may_delete):
        super().__init__(daemon=True)
        self.directory = directory
        self.may_delete = may_delete
        self.per_second = bytes_per_second // LINE_BYTES
        self.path = directory / "app.log"
        self.next = 0
        # The numbers in each rotated file that is there, and in those that were deleted.
        self.rotated: list[tuple[pathlib.Path, range]] = []
        self.deleted: list[range] = []
        self.ended = threading.Event()
        self.begun = 0
        self.file = open(self.path, "ab", buffering=0)

    def run(self):
        start = time.monotonic()
        while not self.ended.is_set():
            due = int((time.monotonic() - start) * self.per_second)
            count = min(due - self.next, self.begun + self.per_second - self.next)
            if count > 0:
                self.file.write(lines(self.next, count))
                self.next += count
            if self.next - self.begun >= self.per_second:
                self.rotate()
            else:
                time.sleep(self.TICK)
        self.file.close()

    def rotate(self):
        self.file.close()
        old = self.directory / f"app.log.{len(self.rotated) + len(self.deleted) + 1:06d}"
        os.rename(self.path, old)
        self.rotated.append((old, range(self.begun, self.next)))
        self.begun = self.next
        self.file = open(self.path, "ab", buffering=0)
        while len(self.rotated) > self.KEPT and self.may_delete(self.rotated[0][0]):
            path, numbers = self.rotated.pop(0)
            os.unlink(path)
            self.deleted.append(numbers)


class Watch:
    """What the agent takes, at most and now, in KiB."""

    def __init__(self, pid: int, state: pathlib.Path):
        self.pid = pid
        self.state = state
        self.most_resident = 0
        self.most_state = 0
        self.content_found = None

    def look(self):
        status = dict(
            line.split(":", 1) for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines())
        self.figures = {name: int(status[name].split()[0]) for name in ("VmRSS", "VmHWM", "RssAnon")}
        self.most_resident = max(self.most_resident, self.figures["VmHWM"])
        size = 0
        for file in self.state.rglob("*"):
            try:
                if file.is_file():
                    size += file.stat().st_size
            except FileNotFoundError:
                continue
        self.figures["state"] = size // 1024
        self.most_state = max(self.most_state, size // 1024)
        held = 0
        for entry in os.scandir(f"/proc/{self.pid}/fd"):
            try:
                if os.readlink(entry.path).endswith(" (deleted)"):
                    held += os.stat(entry.path).st_size
            except OSError:
                continue
        self.figures["held"] = held // 1024
        return self.figures

    def holds(self, path: pathlib.Path) -> bool:
        """Whether the agent has a file open."""
        sought = os.stat(path)
        for entry in os.scandir(f"/proc/{self.pid}/fd"):
            try:
                if os.path.samestat(os.stat(entry.path), sought):
                    return True
            except OSError:
                continue
        return False

    def search_content(self):
        for file in self.state.rglob("*"):
            if file.is_file() and CONTENT in file.read_bytes():
                self.content_found = file

    def tell(self, seconds: float, written: int):
        f = self.figures
        print(f"{seconds:7.0f} s  resident {f['VmRSS'] / 1024:6.1f} MiB (at most {f['VmHWM'] / 1024:.1f}, "
              f"anonymous {f['RssAnon'] / 1024:.1f})  state {f['state']} KiB  "
              f"deleted files held {f['held'] / 1024:.0f} MiB  written {written >> 20} MiB", flush=True)


def budget(binary: pathlib.Path, configuration: pathlib.Path) -> float:
    """MiB, as `check` says it."""
    said = subprocess.run([binary, "check", "--config", configuration], check=True, capture_output=True, text=True)
    found = re.search(r"([\d.]+) MiB  at the most, in all", said.stdout)
    if not found:
        raise SystemExit(f"check said no sum:\n{said.stdout}")
    return float(found[1])


def end_offset(port: int) -> int:
    said = subprocess.run(
        ["kcat", "-Q", "-b", f"127.0.0.1:{port}", "-t", f"{TOPIC}:0:-1"], capture_output=True, text=True, timeout=60)
    found = re.search(r"offset (\d+)", said.stdout)
    return int(found[1]) if found else 0


def delivered(port: int) -> list[range]:
    """The numbers of the lines in the topic, as runs without a gap, in the topic's order."""
    kcat = subprocess.Popen(
        ["kcat", "-C", "-b", f"127.0.0.1:{port}", "-t", TOPIC, "-o", "beginning", "-e", "-q", "-f", "%s\n"],
        stdout=subprocess.PIPE)
    runs: list[range] = []

    def add(numbers: range):
        if runs and runs[-1].stop == numbers.start:
            runs[-1] = range(runs[-1].start, numbers.stop)
        else:
            runs.append(numbers)

    while block := kcat.stdout.read(LINE_BYTES * 4096):
        count, rest = divmod(len(block), LINE_BYTES)
        first = int(block[:12])
        if rest == 0 and block == lines(first, count):
            add(range(first, first + count))
            continue
        for line in block.splitlines(keepends=True):
            number = int(line[:12])
            if line != lines(number, 1):
                raise SystemExit(f"a line is not as it was written: {line!r}")
            add(range(number, number + 1))
    if kcat.wait() != 0:
        raise SystemExit("kcat could not read the topic")
    return runs


def counted_lost(log: pathlib.Path) -> int:
    """Bytes, as the agent's last account of its source says."""
    found = re.findall(r"deleted_unread_bytes=(\d+) .*source=memory ", log.read_text(errors="replace"))
    if not found:
        raise SystemExit("the agent gave no account")
    return int(found[-1])


def judge(runs: list[range], writer: Writer, lost_by_agent: int) -> list[str]:
    problems = []
    for earlier, later in zip(runs, runs[1:]):
        if later.start < earlier.stop:
            problems.append(f"line {later.start} came behind line {earlier.stop - 1}")
    missing, position = [], 0
    for run in sorted(runs, key=lambda run: run.start):
        if run.start > position:
            missing.append(range(position, run.start))
        position = max(position, run.stop)
    if position < writer.next:
        missing.append(range(position, writer.next))
    lost = sum(len(gap) for gap in missing) * LINE_BYTES
    deleted_to = writer.deleted[-1].stop if writer.deleted else 0
    if missing and missing[-1].stop > deleted_to:
        problems.append(f"lines up to {missing[-1].stop} are missing, of files that are there from {deleted_to} on")
    if lost != lost_by_agent:
        problems.append(f"{lost} bytes are missing, and the agent counted {lost_by_agent}")
    total = sum(len(run) for run in runs)
    print(f"delivered {total} of {writer.next} lines; deleted unread {lost >> 20} MiB, counted by the agent "
          f"{lost_by_agent >> 20} MiB")
    return problems


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--bin", type=pathlib.Path, required=True)
    options.add_argument("--minutes", type=int, default=10)
    options.add_argument("--rate", type=int, default=50, help="MB/s")
    options.add_argument("--short", action="store_true")
    options.add_argument("--descriptors", type=int, help="that the agent may have open")
    options.add_argument("--keep", action="store_true", help="leave the files where they are")
    options = options.parse_args()
    seconds = 20 if options.short else options.minutes * 60
    rate = options.rate * 1_000_000

    work = pathlib.Path(tempfile.mkdtemp(prefix="tributary-memory-"))
    needed = min(seconds, 300) * rate * 3 // 2
    if shutil.disk_usage(work).free < needed:
        raise SystemExit(f"{needed >> 30} GiB are needed at {work}")
    (work / "logs").mkdir()
    collector = programs.Collector(options.bin, work, 1, programs.free_port())
    collector.settings = f"data_dir: '{work}/data'\nlisten: 127.0.0.1:{collector.port}\n"
    collector.configuration.write_text(collector.settings)
    agent = programs.tributary_agent(options.bin, work, collector.port, {"memory": f"{work}/logs/*.log"})
    agent.configuration = work / "agent.yaml"
    agent.configuration.write_text(agent.configuration.read_text().replace("logs.chaos", TOPIC))
    if options.descriptors:
        limit = f"--nofile={options.descriptors}:{options.descriptors}"
        agent.command = ["prlimit", limit, *agent.command]
    most = budget(options.bin / "tributary-agent", agent.configuration)
    problems = []
    try:
        collector.start()
        collector.wait_until_ready()
        agent.start()
        watch = Watch(agent.process.pid, work / "state")
        # The short form is a test, and what an agent on a busy machine gets to see in time is none of it.
        writer = Writer(work / "logs", rate, watch.holds if options.short else lambda path: True)
        writer.start()
        while end_offset(collector.port) == 0:
            agent.check()
            time.sleep(0.2)
        collector.kill()
        start = time.monotonic()
        print(f"the collector is down for {seconds} s; at most {most} MiB are allowed", flush=True)
        told = 0
        while (passed := time.monotonic() - start) < seconds:
            agent.check()
            watch.look()
            if passed >= told:
                watch.tell(passed, writer.next * LINE_BYTES)
                told += 5 if seconds < 120 else 60
            time.sleep(0.5)
        writer.ended.set()
        writer.join()
        watch.search_content()
        watch.tell(time.monotonic() - start, writer.next * LINE_BYTES)

        print("the collector is back", flush=True)
        start = time.monotonic()
        collector.start()
        collector.wait_until_ready()
        expected = writer.next - (writer.deleted[-1].stop if writer.deleted else 0)
        end, since = 0, time.monotonic()
        # What is gone is told from what is out of sight by two looks around, ten seconds apart.
        while time.monotonic() - since < (10 if options.short else 30) or end < expected:
            if time.monotonic() - since > 120:
                problems.append(f"nothing arrived for two minutes, and {end} of at least {expected} lines are there")
                break
            agent.check()
            watch.look()
            if (now := end_offset(collector.port)) != end:
                end, since = now, time.monotonic()
            time.sleep(0.5)
        print(f"caught up after {since - start:.0f} s", flush=True)
        watch.tell(time.monotonic() - start, writer.next * LINE_BYTES)
        watch.search_content()
        agent.stop()
        problems += judge(delivered(collector.port), writer, counted_lost(agent.log))
        collector.stop()
    finally:
        for program in (agent, collector):
            if program.process is not None and program.process.poll() is None:
                program.kill()
        if options.keep:
            print(f"the files are in {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    if watch.most_resident / 1024 > most:
        problems.append(f"{watch.most_resident / 1024:.1f} MiB were resident, and {most} MiB are allowed")
    if watch.most_state > 16 << 10:
        problems.append(f"the state directory had {watch.most_state} KiB")
    if watch.content_found:
        problems.append(f"content of the files is in {watch.content_found.name}")
    print(f"resident at most {watch.most_resident / 1024:.1f} MiB of {most}, state at most {watch.most_state} KiB")
    for problem in problems:
        print(f"FAILED: {problem}")
    raise SystemExit(1 if problems else 0)


if __name__ == "__main__":
    main()
