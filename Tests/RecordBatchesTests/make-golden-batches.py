"""Prints GoldenBatches.swift: record batches as kafka-python builds them. Run in an environment with kafka-python 3.0,
lz4, python-snappy and zstandard: python make-golden-batches.py > GoldenBatches.swift"""

from kafka.record.default_records import DefaultRecordBatchBuilder

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}

print("// Made by make-golden-batches.py: batches as kafka-python 3.0 builds them.\n")
print("enum GoldenBatches {")
for name, codec in CODECS.items():
    builder = DefaultRecordBatchBuilder(2, codec, 0, 4711, 3, 77, 1 << 20)
    builder.append(0, 1700000000000, b"host:/var/log/a.log", b"first line", [])
    builder.append(1, 1700000000005, None, b"x" * 400, [("truncated", b"true"), ("none", None)])
    builder.append(2, 1699999999990, b"k", None, [])
    data = bytes(builder.build()).hex()
    print(f'    static let {name} =')
    pieces = [data[i : i + 100] for i in range(0, len(data), 100)]
    print("        " + "\n        + ".join(f'"{piece}"' for piece in pieces))
print("}")
