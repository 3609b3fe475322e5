"""fuzz_seeds.py TARGET DIRECTORY: writes inputs for scripts/fuzz to begin with, one to a file."""
import pathlib
import struct
import sys

target, directory = sys.argv[1], pathlib.Path(sys.argv[2])


def batch(records):
    """A record batch of Kafka's format 2, uncompressed; its checksum is wrong, which the fuzz target mends."""
    body = b""
    for number in range(records):
        record = bytes([0, number * 2, number * 2, 2]) + b"k" + bytes([10]) + b"value" + bytes([0])
        body += bytes([len(record) * 2]) + record
    rest = struct.pack(">hiqqqhii", 0, records - 1, 1000, 1000 + records, -1, -1, -1, records) + body
    return struct.pack(">qiibI", 0, len(rest) + 9, 0, 2, 0) + rest


if target == "requests":
    for number, line in enumerate(pathlib.Path("Tests/KafkaProtocolTests/Fixtures/kafka-python.txt").read_text().splitlines()):
        message, sample, version, frame = line.split()
        if message.endswith("Request"):
            (directory / f"{message}-{sample}-{version}").write_bytes(bytes.fromhex(frame)[4:])
elif target == "batches":
    for records in (1, 2, 50):
        (directory / f"batch-{records}").write_bytes(batch(records))
else:
    for path in ("collector-config/collector.yaml", "agent-config/agent.yaml"):
        text = pathlib.Path(path).read_text()
        name = pathlib.Path(path).name
        (directory / name).write_text(text)
        (directory / f"all-{name}").write_text(text.replace("\n#", "\n").replace("\n  #", "\n  "))
