"""Runs writers, an agent and a collector, does to them what production does, and counts what came of each line."""

import argparse
import pathlib
import random
import shutil
import sys
import tempfile
import time

from ledger import read_back, records, settle
from programs import Collector, free_port, rsyslog, tributary_agent
from proxy import Proxy
from writers import CopyTruncateWriter, LinkedWriter, LogrotateWriter, RenameWriter

PARTITIONS = 4
# In full, and in short.
COUNTS = {"--lines-per-second": (20000, 6000), "--agent-kills": (20, 4), "--collector-kills": (20, 4),
          "--freezes": (5, 2), "--cuts": (10, 2), "--stalls": (5, 1)}


class Chaos:
    def __init__(self, arguments, work: pathlib.Path):
        self.arguments = arguments
        self.dice = random.Random(arguments.seed)
        self.logs = work / "logs"
        # One place where the pattern matches the rotated names too.
        sources = {"plain": self.logs / "plain" / "*.log", "wide": self.logs / "wide" / "*.log*",
                   "links": self.logs / "links" / "*.log"}
        for pattern in sources.values():
            pattern.parent.mkdir(parents=True)
        self.collector = Collector(arguments.bin, work, PARTITIONS, free_port())
        self.proxy = Proxy(self.collector.port)
        self.collector.advertise(self.proxy.port)
        if arguments.agent == "rsyslog":
            self.agent = rsyslog(work, self.proxy.port, sources)
        else:
            self.agent = tributary_agent(arguments.bin, work, self.proxy.port, sources)
        self.address = f"127.0.0.1:{self.proxy.port}"
        self.writers = self.make_writers()

    def make_writers(self):
        kinds = [(RenameWriter, "plain"), (RenameWriter, "plain"), (RenameWriter, "wide"),
                 (CopyTruncateWriter, "plain"), (LogrotateWriter, "plain"), (LogrotateWriter, "wide"),
                 (LinkedWriter, "links")]
        rate = self.arguments.lines_per_second // len(kinds)
        names = [kind.__name__.removesuffix("Writer").lower() for kind, _ in kinds]
        return [kind(self.logs / place / f"{names[number]}-{number}.log", rate, self.dice.random())
                for number, (kind, place) in enumerate(kinds)]

    # What happens to them.

    def kill_agent(self):
        self.agent.kill()
        time.sleep(self.dice.choice([0, self.dice.uniform(0, 2)]))
        self.agent.start()

    def kill_collector(self):
        self.collector.kill()
        time.sleep(self.dice.choice([0, self.dice.uniform(0, 2)]))
        self.restart_collector()

    def restart_collector(self):
        self.collector.start()
        self.collector.wait_until_ready()

    def freeze_then_kill(self):
        """The collector takes connections and answers nothing; then one of the two dies."""
        self.collector.freeze()
        time.sleep(self.dice.uniform(1, 4))
        victim = self.dice.choice([self.agent, self.collector])
        victim.kill()
        if victim is self.collector:
            self.restart_collector()
        else:
            self.collector.thaw()
            time.sleep(self.dice.uniform(0, 1))
            self.agent.start()

    def cut(self):
        self.proxy.cut()

    def stall_then_cut(self):
        self.proxy.stall()
        time.sleep(self.dice.uniform(0.5, 3))
        self.proxy.cut()
        self.proxy.flow()

    def stop_agent(self):
        self.agent.stop()
        self.agent.start()

    # The run.

    def run(self):
        arguments = self.arguments
        deeds = ([self.kill_agent] * arguments.agent_kills + [self.kill_collector] * arguments.collector_kills
                 + [self.freeze_then_kill] * arguments.freezes + [self.cut] * arguments.cuts
                 + [self.stall_then_cut] * arguments.stalls + [self.stop_agent])
        self.dice.shuffle(deeds)
        self.restart_collector()
        for writer in self.writers:
            writer.start()
        self.agent.start()
        self.await_first_lines()
        begin = time.monotonic()
        for number, deed in enumerate(deeds):
            time.sleep(self.dice.uniform(0.2, 2 * arguments.pause))
            self.agent.check()
            self.collector.check()
            if arguments.verbose:
                print(f"  {time.monotonic() - begin:6.1f} s  {deed.__name__}", flush=True)
            deed()
        time.sleep(arguments.pause)
        for writer in self.writers:
            writer.ended.set()
        for writer in self.writers:
            writer.join(30)
        print(f"  {len(deeds)} disturbances in {time.monotonic() - begin:.0f} s; waiting until everything has arrived", flush=True)
        self.drain()

    def await_first_lines(self):
        """Until every file is known to the agent, which has stored so by the time that its lines arrive."""
        written = sum(writer.count for writer in self.writers)
        until = time.monotonic() + self.arguments.patience
        while records(self.address, PARTITIONS) < max(written, len(self.writers)):
            if time.monotonic() > until:
                raise SystemExit("nothing arrives")
            time.sleep(0.1)
        for writer in self.writers:
            writer.may_rotate.set()

    def drain(self):
        """Waits until all that was written has arrived, or nothing more has come for a while."""
        written = sum(writer.count for writer in self.writers)
        last, since = -1, time.monotonic()
        while time.monotonic() - since < self.arguments.patience:
            self.agent.check()
            now = records(self.address, PARTITIONS)
            if now != last:
                last, since = now, time.monotonic()
            elif now >= written and time.monotonic() - since > 2:
                break
            time.sleep(0.25)
        memory = self.agent.peak_memory()
        self.agent.stop()
        print(f"  {last} records of {written} lines; agent's peak memory {memory} MiB, {self.agent.starts} starts", flush=True)

    def judge(self) -> bool:
        numbers, strange = read_back(self.address, PARTITIONS)
        self.collector.stop()
        total_lost = total_doubled = total_disordered = 0
        for writer in self.writers:
            account = settle(writer, numbers.pop(writer.path.name.encode(), []))
            total_lost += account.lost
            total_doubled += account.doubled
            total_disordered += account.disordered
            print(f"  {writer.path.parent.name}/{writer.path.name:20} {writer.rotation:18} {writer.rotations:4} rotations "
                  f"{account.written:8} written  {account.lost} lost  {account.doubled} doubled  "
                  f"{account.disordered} out of order  ({account.excused_lost} of {account.excused} gone between copy and "
                  "truncation)")
            for example in account.examples[:8]:
                print(f"      {example}")
        for torn in (torn for writer in self.writers for torn in writer.torn):
            if torn in strange:
                strange.remove(torn)
        for value in strange[:5]:
            print(f"  no line that was written: {value[:150]!r}")
        print(f"seed {self.arguments.seed}: {total_lost} lost, {total_doubled} doubled, {total_disordered} out of order, "
              f"{len(strange)} strange", flush=True)
        return not (total_lost or total_doubled or total_disordered or strange or numbers)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--agent", choices=["tributary", "rsyslog"], default="tributary")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--short", action="store_true")
    for option in COUNTS:
        parser.add_argument(option, type=int)
    parser.add_argument("--pause", type=float, default=0.7)
    parser.add_argument("--patience", type=float, default=30)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    for option, (full, short) in COUNTS.items():
        name = option.lstrip("-").replace("-", "_")
        if getattr(arguments, name) is None:
            setattr(arguments, name, short if arguments.short else full)
    first = random.randrange(1 << 32) if arguments.seed is None else arguments.seed
    passed = 0
    for seed in range(first, first + arguments.seeds):
        arguments.seed = seed
        print(f"seed {seed}", flush=True)
        work = pathlib.Path(tempfile.mkdtemp(prefix="tributary-chaos."))
        chaos = Chaos(arguments, work)
        try:
            chaos.run()
            good = chaos.judge()
        finally:
            for program in (chaos.agent, chaos.collector):
                if program.process is not None and program.process.poll() is None:
                    program.kill()
        passed += good
        if not good:
            print(f"  logs and data are left in {work}", file=sys.stderr)
        elif not arguments.keep:
            shutil.rmtree(work)
        if not good and arguments.agent == "tributary":
            raise SystemExit(1)
    print(f"{passed} of {arguments.seeds} passed")
    raise SystemExit(0 if passed == arguments.seeds else 1)


main()
