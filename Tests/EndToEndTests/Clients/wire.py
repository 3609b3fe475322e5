"""Kafka's protocol by hand, where the clients do not let one say what is to be said."""

import collections
import select
import socket
import struct

FetchedPartition = collections.namedtuple("FetchedPartition", "error high_watermark records")


class Connection:
    def __init__(self, bootstrap, timeout=30):
        host, port = bootstrap.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)

    def send(self, request):
        self.socket.sendall(struct.pack(">i", len(request)) + request)

    def receive_exactly(self, count):
        data = bytearray()
        while len(data) < count:
            chunk = self.socket.recv(min(count - len(data), 1 << 20))
            if not chunk:
                raise EOFError(f"the connection ended after {len(data)} of {count} bytes")
            data += chunk
        return bytes(data)

    def receive(self):
        """A response behind its length, without its correlation id."""
        return self.receive_exactly(struct.unpack(">i", self.receive_exactly(4))[0])[4:]

    def expect_silence(self, seconds):
        if select.select([self.socket], [], [], seconds)[0]:
            raise SystemExit("something came that should not have come yet")

    def is_ended(self, seconds):
        """Whether the other side ends the connection within a time; what comes before that is thrown away."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(1 << 16):
                pass
            return True
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def close(self):
        self.socket.close()


def string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def header(key, version, correlation=7, client="by-hand"):
    return struct.pack(">hhi", key, version, correlation) + string(client)


def metadata_request(topics=()):
    """Version 1; no topics at all means none."""
    return header(3, 1) + struct.pack(">i", len(topics)) + b"".join(map(string, topics))


def fetch_request(topic, offsets, max_wait=1000, min_bytes=1, max_bytes=50 << 20, partition_bytes=1 << 20):
    """Version 11; `offsets` by partition."""
    body = struct.pack(">iiiibii", -1, max_wait, min_bytes, max_bytes, 0, 0, -1)
    body += struct.pack(">i", 1) + string(topic) + struct.pack(">i", len(offsets))
    for partition, offset in offsets.items():
        body += struct.pack(">iiqqi", partition, -1, offset, -1, partition_bytes)
    return header(1, 11) + body + struct.pack(">i", 0) + string("")


def fetch_response(data):
    """The partitions of the one topic."""
    _, error, _, topics = struct.unpack_from(">ihii", data)
    if error or topics != 1:
        raise SystemExit(f"a fetch was answered with error {error} and {topics} topics")
    at = 14
    at += 2 + struct.unpack_from(">h", data, at)[0]
    count = struct.unpack_from(">i", data, at)[0]
    at += 4
    partitions = []
    for _ in range(count):
        _, error, high, _, _, aborted = struct.unpack_from(">ihqqqi", data, at)
        at += 34 + max(0, aborted) * 16
        _, length = struct.unpack_from(">ii", data, at)
        at += 8
        partitions.append(FetchedPartition(error, high, data[at:at + max(0, length)]))
        at += max(0, length)
    return partitions
