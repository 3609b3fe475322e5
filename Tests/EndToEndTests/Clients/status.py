"""Asks an agent's status port, with Prometheus' own parser, and as those do who mean no good."""

import argparse
import http.client
import json
import os
import socket
import time

from prometheus_client.parser import text_string_to_metric_families


def scrape(host, port):
    connection = http.client.HTTPConnection(host, port, timeout=60)
    connection.request("GET", "/metrics")
    response = connection.getresponse()
    assert response.status == 200, response.status
    assert response.getheader("content-type").startswith("text/plain; version=0.0.4"), response.getheaders()
    page = response.read().decode()
    assert len(page) == int(response.getheader("content-length"))
    seen = set()
    for family in text_string_to_metric_families(page):
        assert family.documentation and family.type in ("counter", "gauge"), family
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in seen, f"twice: {key}"
            seen.add(key)
            assert sample.timestamp is None, sample
            print(json.dumps({"name": sample.name, "labels": sample.labels, "value": sample.value}))


def send(host, port, request):
    """What is answered until the server ends the connection, which it must do in time."""
    with socket.create_connection((host, port), timeout=60) as connection:
        answer = b""
        try:
            connection.sendall(request)
            while part := connection.recv(65536):
                answer += part
        except (ConnectionResetError, BrokenPipeError):
            pass
        return answer


def expect(answer, *codes):
    if not codes and not answer:
        return
    words = answer.split(b" ", 2)
    assert len(words) > 1 and words[0].startswith(b"HTTP/1.") and int(words[1]) in codes, answer[:200]


def answers(host, port):
    expect(send(host, port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"), 200)
    head = send(host, port, b"HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    expect(head, 200)
    assert head.endswith(b"\r\n\r\n"), head
    expect(send(host, port, b"GET /metrics?collect=all HTTP/1.0\r\n\r\n"), 200)
    expect(send(host, port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 404)
    expect(send(host, port, b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n"), 404)
    expect(send(host, port, b"DELETE /metrics HTTP/1.1\r\nHost: a\r\n\r\n"), 405)
    # One request to a connection, whatever follows.
    assert send(host, port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 50).count(b"HTTP/1.1 200") == 1


def garbage(host, port):
    for request in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"\x00" * 1000,
        os.urandom(5000) + b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /metrics HTTP/9.9\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n" + b"a: b\r\n" * 100_000 + b"\r\n",
        b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n" + bytes(8_000_000),
    ]:
        answer = send(host, port, request)
        assert not answer.startswith(b"HTTP/1.1 200"), (request[:60], answer[:60])
        if answer:
            expect(answer, 400, 404, 405, 413, 414, 431)
        expect(send(host, port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"), 200)


def ended(connection):
    """Whether the server has ended the connection by now."""
    try:
        return connection.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def crowd(host, port, limit):
    """Slow clients hold no more than the limit, and not for ever."""
    connections = []
    for _ in range(200):
        connection = socket.create_connection((host, port), timeout=60)
        connections.append(connection)
        try:
            connection.sendall(b"GET /metr")
        except (ConnectionResetError, BrokenPipeError):
            pass
    deadline = time.monotonic() + 60
    while (held := sum(not ended(c) for c in connections)) > limit and time.monotonic() < deadline:
        time.sleep(0.05)
    assert held <= limit, f"{held} connections are held"
    # They send a byte now and then, and are ended all the same.
    while (held := [c for c in connections if not ended(c)]) and time.monotonic() < deadline:
        for connection in held:
            try:
                connection.sendall(b"i")
            except (ConnectionResetError, BrokenPipeError):
                pass
        time.sleep(0.5)
    assert not held, f"{len(held)} slow connections are held after a minute"
    for connection in connections:
        connection.close()
    expect(send(host, port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"), 200)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["scrape", "abuse"])
    parser.add_argument("address")
    arguments = parser.parse_args()
    host, _, port = arguments.address.rpartition(":")
    if arguments.what == "scrape":
        return scrape(host, int(port))
    answers(host, int(port))
    garbage(host, int(port))
    crowd(host, int(port), 32)
    print("ok")


main()
