"""The programs under test, as processes that are killed and started again."""

import pathlib
import signal
import socket
import subprocess
import time


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    def __init__(self, command, log: pathlib.Path):
        self.command = [str(part) for part in command]
        self.log = log
        self.process: subprocess.Popen | None = None
        self.starts = 0

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.starts += 1

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, patience=60):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(patience)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def check(self):
        if self.process is not None and self.process.poll() is not None:
            raise SystemExit(f"{self.command[0]} ended by itself with {self.process.returncode}; the end of {self.log}:\n"
                             + self.log.read_text(errors="replace")[-4000:])

    def peak_memory(self) -> int:
        """MiB, of the process that runs now."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) // 1024
        return 0


class Collector(Program):
    def __init__(self, bin_directory, work, partitions, port):
        self.port = port
        self.configuration = work / "collector.yaml"
        super().__init__(
            [bin_directory / "tributary-collector", "run", "--config", self.configuration], work / "collector.log")
        self.settings = (
            f"data_dir: '{work}/data'\nlisten: 127.0.0.1:{self.port}\n"
            # Small segments: deaths meet rolls and snapshots too.
            f"topics:\n  - {{match: '*', partitions: {partitions}, segment.bytes: 8MiB}}\n")

    def advertise(self, port):
        self.configuration.write_text(f"advertised: 127.0.0.1:{port}\n" + self.settings)

    def wait_until_ready(self, patience=60):
        until = time.monotonic() + patience
        while time.monotonic() < until:
            self.check()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit("the collector did not come back")


def tributary_agent(bin_directory, work, port, sources):
    configuration = work / "agent.yaml"
    text = (f"state_dir: '{work}/state'\nhost_name: chaos\ncollector:\n  bootstrap: ['127.0.0.1:{port}']\nsources:\n")
    for name, include in sources.items():
        text += f"  - {{name: {name}, type: file, include: ['{include}'], topic: logs.chaos}}\n"
    configuration.write_text(text)
    return Program([bin_directory / "tributary-agent", "run", "--config", configuration], work / "agent.log")


def rsyslog(work, port, sources):
    """rsyslog as its documentation sets it up for files to Kafka, with a queue that waits instead of dropping."""
    configuration = work / "rsyslog.conf"
    state = work / "rsyslog"
    state.mkdir()
    inputs = "".join(f'input(type="imfile" File="{include}" Tag="chaos" Ruleset="ship" reopenOnTruncate="on")\n'
                     for include in sources.values())
    configuration.write_text(
        f'global(workDirectory="{state}" maxMessageSize="64k")\n'
        'module(load="imfile" mode="inotify")\nmodule(load="omkafka")\n'
        'template(name="line" type="string" string="%msg%")\n'
        'ruleset(name="ship" queue.type="LinkedList" queue.saveOnShutdown="on" queue.filename="ship") {\n'
        f'  action(type="omkafka" broker=["127.0.0.1:{port}"] topic="logs.chaos" template="line" partitions.auto="on"\n'
        f'    confParam=["acks=all", "compression.codec=lz4"] resubmitOnFailure="on" keepFailedMessages="on"\n'
        f'    failedMsgFile="{state}/failed" action.resumeRetryCount="-1")\n}}\n' + inputs)
    return Program(["rsyslogd", "-n", "-f", configuration, "-i", state / "pid"], work / "agent.log")
