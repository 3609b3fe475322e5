"""Bytes at the collector's port that no client would send. Each attack prints nothing and ends well where every connection
was answered or closed, and the collector still answers others meanwhile."""

import argparse
import os
import random
import socket
import struct
import time

from confluent_kafka import Producer

from wire import Connection, fetch_request, fetch_response, header, metadata_request, string


def expect(condition, message):
    if not condition:
        raise SystemExit(message)


def expect_service(bootstrap, seconds=60):
    """A well-behaved client is answered, while the attack goes on."""
    started = time.monotonic()
    connection = Connection(bootstrap, timeout=seconds)
    try:
        connection.send(metadata_request())
        connection.receive()
    except OSError as error:
        raise SystemExit(f"others are not served any more: {error!r}")
    expect(time.monotonic() - started < seconds, f"others waited {time.monotonic() - started} s")
    connection.close()


def expect_end(bootstrap, data, what, seconds=60):
    """The bytes end their connection."""
    connection = Connection(bootstrap)
    try:
        connection.socket.sendall(data)
    except ConnectionError:
        pass
    expect(connection.is_ended(seconds), f"{what}: the connection stays open")
    connection.close()


def random_bytes(bootstrap):
    """Half of them behind a length that fits, so that they are looked at as a request."""
    chooser = random.Random(4)
    for round in range(200):
        data = chooser.randbytes(chooser.randint(8, 4000))
        if round % 2:
            data = struct.pack(">i", len(data)) + data
        connection = Connection(bootstrap)
        try:
            connection.socket.sendall(data)
            connection.socket.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass
        expect(connection.is_ended(60), f"round {round}: the connection stays open")
        connection.close()
    expect_service(bootstrap)


def known_requests_with_random_bodies(bootstrap):
    chooser = random.Random(5)
    for key in (0, 1, 2, 3, 10, 18, 19, 20, 22, 61):
        for version in range(0, 18):
            for _ in range(3):
                body = chooser.randbytes(chooser.randint(0, 300))
                connection = Connection(bootstrap)
                connection.send(header(key, version) + body)
                try:
                    connection.socket.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                expect(connection.is_ended(60), f"request {key} version {version}: neither answered nor closed")
                connection.close()
    expect_service(bootstrap)


def huge_counts(bootstrap):
    """Arrays and strings that claim to be huge."""
    for claim in (0x7FFFFFFF, 0x7FFFFFF0, 0x40000000, 100_000_000):
        count = struct.pack(">i", claim)
        for key, version, body in (
            (3, 1, count), (1, 11, struct.pack(">iiiibii", -1, 100, 1, 1 << 30, 0, 0, -1) + count),
            (0, 3, b"\xff\xff" + struct.pack(">hi", -1, 1000) + count),
            (0, 3, b"\xff\xff" + struct.pack(">hii", -1, 1000, 1) + string("t") + struct.pack(">ii", 1, 0) + count),
            (2, 1, struct.pack(">i", -1) + count), (19, 2, count)
        ):
            expect_end(bootstrap, struct.pack(">i", len(header(key, version) + body)) + header(key, version) + body,
                       f"request {key} with a count of {claim}")
    expect_service(bootstrap)


def impossible_lengths(bootstrap):
    for length in (-1, -2**31, 0, 1, 7, 2**31 - 1, 2**30, 104_857_601):
        expect_end(bootstrap, struct.pack(">i", length) + b"x" * 100, f"a length of {length}")
    expect_service(bootstrap)


def other_protocols(bootstrap):
    expect_end(bootstrap, b"GET / HTTP/1.1\r\nHost: here\r\n\r\n", "HTTP")
    hello = bytes.fromhex("16030100c8010000c40303") + os.urandom(32) + b"\x00" * 160
    expect_end(bootstrap, hello, "TLS")
    expect_end(bootstrap, b"SSH-2.0-OpenSSH_9.2p1\r\n", "SSH")
    expect_service(bootstrap)


def unknown_requests(bootstrap):
    """An unknown version of ApiVersions is answered, anything else is closed."""
    connection = Connection(bootstrap)
    connection.send(header(18, 99))
    answer = connection.receive()
    expect(struct.unpack_from(">h", answer)[0] == 35, f"not UNSUPPORTED_VERSION: {answer}")
    # The same connection goes on, as KIP-511 has it.
    connection.send(header(18, 0))
    expect(struct.unpack_from(">h", connection.receive())[0] == 0, "ApiVersions after a retreat")
    for key, version in ((-1, 0), (9999, 0), (3, 99), (3, -1), (0, 99), (1, 2), (36, 0), (4, 0)):
        request = header(key, version) + b"\x00" * 20
        expect_end(bootstrap, struct.pack(">i", len(request)) + request, f"request {key} version {version}")
    expect_service(bootstrap)


def cut_requests(bootstrap):
    """A connection that ends anywhere in a request."""
    request = metadata_request(["cut"])
    frame = struct.pack(">i", len(request)) + request
    for length in range(len(frame)):
        connection = Connection(bootstrap)
        connection.socket.sendall(frame[:length])
        if length % 2:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    # And one byte after the other is a request like any other.
    connection = Connection(bootstrap)
    for byte in frame:
        connection.socket.sendall(bytes([byte]))
    connection.receive()
    connection.close()
    expect_service(bootstrap)


def bad_batches(bootstrap):
    """Produce requests whose batch is damaged, one byte after the other: each is answered, none is taken."""
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)

    def crc32c(data):
        crc = 0xFFFFFFFF
        for byte in data:
            crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
        return crc ^ 0xFFFFFFFF

    record = b"\x00\x00\x00\x01\x02v\x00"
    record = bytes([len(record) * 2]) + record

    def batch(attributes=0, count=1, last=0, records=record, magic=2, crc=None, length=None):
        tail = struct.pack(">hiqqqhii", attributes, last, 1000, 1000, -1, -1, -1, count) + records
        inner = struct.pack(">ib", 0, magic) + struct.pack(">I", crc32c(tail) if crc is None else crc) + tail
        return struct.pack(">qi", 0, len(inner) if length is None else length) + inner

    def produce(records):
        body = b"\xff\xff" + struct.pack(">hii", -1, 5000, 1) + string("batches") + struct.pack(">ii", 1, 0)
        return header(0, 3) + body + struct.pack(">i", len(records)) + records

    connection = Connection(bootstrap)
    connection.send(metadata_request(["batches"]))
    connection.receive()

    def error_of(records):
        connection.send(produce(records))
        answer = connection.receive()
        return struct.unpack_from(">h", answer, 4 + len(string("batches")) + 8)[0]

    good = batch()
    error = error_of(good)
    expect(error == 0, f"a good batch was refused: {error}")
    bad = {
        "empty": b"", "cut": good[:-1], "a header only": good[:61], "half a header": good[:30], "longer": good + b"x",
        "two": good + good, "wrong crc": batch(crc=1), "magic 1": batch(magic=1), "magic 3": batch(magic=3),
        "codec 7": batch(attributes=7), "no records": batch(count=0), "minus one record": batch(count=-1),
        "a billion records": batch(count=10**9), "count and offsets differ": batch(count=5),
        "last offset": batch(last=2**31 - 1), "a control batch": batch(attributes=0x20), "a transaction": batch(attributes=0x10),
        "length 0": batch(length=0), "negative length": batch(length=-5), "huge length": batch(length=2**31 - 1)}
    for what, records in bad.items():
        error = error_of(records)
        expect(error != 0, f"a batch was taken: {what}")
    for at in range(8, len(good)):
        # Offset and leader epoch are the broker's to stamp.
        if 12 <= at < 16:
            continue
        damaged = bytearray(good)
        damaged[at] ^= 0x10
        expect(error_of(bytes(damaged)) != 0, f"a batch was taken with byte {at} damaged")
    connection.send(fetch_request("batches", {0: 0}, max_wait=0))
    part = fetch_response(connection.receive())[0]
    expect(part.high_watermark == 1, f"{part.high_watermark} records instead of the one good batch")
    expect_service(bootstrap)


def idle_connections(bootstrap):
    """Hundreds that say nothing, or only a beginning."""
    held = []
    for number in range(600):
        connection = Connection(bootstrap)
        if number % 3 == 1:
            connection.socket.sendall(b"\x00\x00")
        if number % 3 == 2:
            connection.socket.sendall(struct.pack(">i", 100) + b"\x00\x03\x00\x01")
        held.append(connection)
    expect_service(bootstrap)
    for connection in held[::2]:
        connection.close()
    expect_service(bootstrap)
    for connection in held[1::2]:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    expect_service(bootstrap)


def slow_giants(bootstrap, announced=90 << 20, connections=50, seconds=8):
    """Requests announced as 90 MiB, of which a byte comes each second."""
    held = []
    for _ in range(connections):
        connection = Connection(bootstrap)
        connection.socket.sendall(struct.pack(">i", announced) + b"\x00\x00\x00\x03")
        held.append(connection)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for connection in held:
            try:
                connection.socket.sendall(b"x")
            except OSError:
                pass
        expect_service(bootstrap)
        time.sleep(1)
    for connection in held:
        connection.close()
    expect_service(bootstrap)


def slow_giants_that_fill_the_budget(bootstrap):
    """So many different sizes that they take all that there is to announce, down to nothing."""
    held = []
    for size in [90 << 20, 90 << 20, 60 << 20, 10 << 20, 4 << 20, 1 << 20, 1 << 20] + [1 << n for n in range(19, 4, -1)] * 2:
        connection = Connection(bootstrap)
        connection.socket.sendall(struct.pack(">i", size) + b"\x00\x00\x00\x03")
        held.append(connection)
    for _ in range(3):
        time.sleep(0.5)
        expect_service(bootstrap)
    for connection in held:
        connection.close()
    expect_service(bootstrap)


def readers_that_do_not_read(bootstrap):
    """Clients that ask for much, again and again, and take none of it."""
    writer = Connection(bootstrap)
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 50, "compression.type": "none"})
    for _ in range(60):
        producer.produce("much", os.urandom(900_000))
        producer.poll(0)
    expect(producer.flush(60) == 0, "not written")
    held = []
    for _ in range(40):
        connection = Connection(bootstrap)
        connection.socket.setblocking(False)
        request = fetch_request("much", {0: 0}, max_bytes=50 << 20, partition_bytes=50 << 20)
        try:
            for _ in range(20):
                connection.socket.send(struct.pack(">i", len(request)) + request)
        except BlockingIOError:
            pass
        held.append(connection)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        expect_service(bootstrap)
        time.sleep(0.3)
    # A consumer that does read is not starved by them.
    reader = Connection(bootstrap)
    reader.send(fetch_request("much", {0: 59}, max_wait=1000))
    expect(len(reader.receive()) > 900_000, "a good consumer got nothing")
    for connection in held:
        connection.close()
    writer.close()
    expect_service(bootstrap)


def too_many(bootstrap):
    """More connections than the collector takes (20): those beyond are closed, and there is room again afterwards."""
    held = [Connection(bootstrap) for _ in range(20)]
    for connection in held:
        connection.send(metadata_request())
        connection.receive()
    expect(Connection(bootstrap).is_ended(60), "the connection beyond the limit stays open")
    held[0].send(metadata_request())
    held[0].receive()
    for connection in held:
        connection.close()
    until = time.monotonic() + 60
    while True:
        try:
            return expect_service(bootstrap)
        except (EOFError, SystemExit):
            expect(time.monotonic() < until, "there is no room again")
            time.sleep(0.05)


ATTACKS = [random_bytes, known_requests_with_random_bodies, huge_counts, impossible_lengths, other_protocols,
           unknown_requests, cut_requests, bad_batches, idle_connections, slow_giants, slow_giants_that_fill_the_budget,
           readers_that_do_not_read, too_many]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("attack", choices=[attack.__name__ for attack in ATTACKS])
    arguments = parser.parse_args()
    next(attack for attack in ATTACKS if attack.__name__ == arguments.attack)(arguments.bootstrap)


if __name__ == "__main__":
    main()
