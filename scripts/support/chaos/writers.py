"""Programs that write numbered lines into files, and what rotates those files."""

import gzip
import os
import pathlib
import random
import shutil
import subprocess
import threading
import time

# Every line of a file is so long, newline included: an offset tells a line's number.
LINE_BYTES = 120
TICK = 0.01


class Writer(threading.Thread):
    """Appends numbered lines to one file: in gulps, and now and then with a pause in the middle of a line."""

    rotation = "none"

    def __init__(self, path: pathlib.Path, lines_per_second: int, seed: int):
        super().__init__(daemon=True, name=str(path))
        self.path = path
        self.dice = random.Random(seed)
        self.per_tick = lines_per_second * TICK
        self.count = 0
        self.rotations = 0
        # Numbers that nobody can be asked for, as ranges: written between a copy and the truncation after it.
        self.excused: list[range] = []
        # What copies end with that were made in the middle of a line: the agent hands it out as a last line.
        self.torn: list[bytes] = []
        self.ended = threading.Event()
        # Nothing is rotated before: what was rotated away before a source's very first start is left alone.
        self.may_rotate = threading.Event()
        self.lock = threading.Lock()
        self.descriptor = self.open()

    def open(self):
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def line(self, number: int) -> bytes:
        head = b"%s %010d " % (self.path.name.encode(), number)
        return head + b"." * (LINE_BYTES - 1 - len(head)) + b"\n"

    def run(self):
        due, next_rotation = 0.0, time.monotonic() + self.dice.uniform(0.5, 1.5)
        while not self.ended.is_set():
            due += self.per_tick
            gulp = int(due)
            due -= gulp
            with self.lock:
                self.write(b"".join(self.line(self.count + index) for index in range(gulp)))
                self.count += gulp
            self.tick()
            if time.monotonic() >= next_rotation and self.may_rotate.is_set():
                self.rotate()
                self.rotations += 1
                next_rotation = time.monotonic() + self.interval()
            time.sleep(TICK)
        os.close(self.descriptor)

    def write(self, data: bytes):
        if len(data) > LINE_BYTES and self.dice.random() < 0.1:
            cut = self.dice.randrange(1, len(data))
            os.write(self.descriptor, data[:cut])
            time.sleep(0.002)
            data = data[cut:]
        while data:
            data = data[os.write(self.descriptor, data):]

    def interval(self) -> float:
        return 1.0

    def tick(self):
        pass

    def rotate(self):
        pass


class RenameWriter(Writer):
    """Renames its file each second, and writes on into it for a moment before it opens the new one."""

    rotation = "rename"

    def rotate(self):
        os.rename(self.path, self.path.with_name(f"{self.path.name}.{self.rotations:06d}"))
        if self.dice.random() < 0.5:
            with self.lock:
                self.write(self.line(self.count))
                self.count += 1
            time.sleep(self.dice.uniform(0, 0.2))
        old, self.descriptor = self.descriptor, self.open()
        os.close(old)


class LinkedWriter(Writer):
    """Its file lies elsewhere, behind a symbolic link, as a container's does. As kubelet does it, a rotation gives a file
    the time as its name's end, and compresses those before it, which then bear the time of that."""

    rotation = "behind a link"

    def __init__(self, link: pathlib.Path, *arguments):
        pod = link.parent.parent / "pods" / link.stem
        pod.mkdir(parents=True)
        link.symlink_to(pod / link.name)
        self.last: pathlib.Path | None = None
        super().__init__(pod / link.name, *arguments)

    def interval(self) -> float:
        # Its names tell seconds.
        return self.dice.uniform(1.1, 2)

    def rotate(self):
        before, self.last = self.last, self.path.with_name(f"{self.path.name}.{time.strftime('%Y%m%d-%H%M%S')}")
        os.rename(self.path, self.last)
        old, self.descriptor = self.descriptor, self.open()
        os.close(old)
        if before is not None:
            unfinished = before.with_name(f"{before.name}.tmp")
            with open(before, "rb") as plain, gzip.open(unfinished, "wb", compresslevel=1) as compressed:
                shutil.copyfileobj(plain, compressed)
            os.rename(unfinished, before.with_name(f"{before.name}.gz"))
            os.unlink(before)


class CopyTruncateWriter(Writer):
    """Somebody copies its file and truncates it, while it writes on."""

    rotation = "copytruncate"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.first = 0
        self.rotating: threading.Thread | None = None

    def interval(self) -> float:
        return self.dice.uniform(1, 3)

    def rotate(self):
        if self.rotating is None or not self.rotating.is_alive():
            self.rotating = threading.Thread(target=self.copy_and_truncate, daemon=True)
            self.rotating.start()

    def copy_and_truncate(self):
        copy = self.path.with_name(f"{self.path.name}.{self.rotations:06d}")
        shutil.copyfile(self.path, copy)
        lines, rest = divmod(copy.stat().st_size, LINE_BYTES)
        copied = self.first + lines
        if rest:
            self.torn.append(self.line(copied)[:rest])
        time.sleep(self.dice.uniform(0, 0.02))
        with self.lock:
            os.ftruncate(self.descriptor, 0)
            if copied < self.count:
                self.excused.append(range(copied, self.count))
            self.first = self.count


class LogrotateWriter(Writer):
    """logrotate renames its file, asks it to open a new one, and compresses the old one at once."""

    rotation = "logrotate compress"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        work = self.path.parent.parent / f"logrotate-{self.path.stem}"
        work.mkdir()
        self.asks = work / "reopen"
        self.configuration = work / "configuration"
        self.state = work / "state"
        self.running: subprocess.Popen | None = None
        self.configuration.write_text(
            f'"{self.path}" {{\n    rotate 100000\n    compress\n    nocreate\n    su root root\n    postrotate\n'
            f"        touch '{self.asks}'\n        tries=0; while [ -e '{self.asks}' ] && [ $tries -lt 3000 ]; do sleep 0.01; tries=$((tries + 1)); done\n"
            "    endscript\n}\n")
        self.configuration.chmod(0o644)

    def interval(self) -> float:
        return self.dice.uniform(1, 2)

    def tick(self):
        if self.asks.exists():
            old, self.descriptor = self.descriptor, self.open()
            os.close(old)
            self.asks.unlink()

    def rotate(self):
        if self.running is None or self.running.poll() is not None:
            self.running = subprocess.Popen(
                ["logrotate", "--force", "--state", self.state, self.configuration],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def run(self):
        super().run()
        # Whoever was asked to open a file anew must not be waited for in vain.
        while self.running is not None and self.running.poll() is None:
            self.asks.unlink(missing_ok=True)
            time.sleep(TICK)
