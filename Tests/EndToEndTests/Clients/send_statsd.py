#!/usr/bin/env python3
"""send_statsd.py SOCKET PORT

Sends through the clients of others: `statsd` over UDP, `datadog` to a Unix socket.
"""

import sys

import statsd
from datadog.dogstatsd import DogStatsd

path, port = sys.argv[1], int(sys.argv[2])

client = statsd.StatsClient("127.0.0.1", port, prefix="app")
for _ in range(100):
    client.incr("hits")
client.decr("hits", 10)
client.gauge("depth", 42)
client.gauge("depth", -2, delta=True)
client.set("users", "ann")
client.set("users", "bob")
client.set("users", "ann")
for milliseconds in range(1, 101):
    client.timing("latency", milliseconds)
with client.pipeline() as pipe:
    pipe.incr("piped", 7)
    pipe.gauge("piped.gauge", 1.5)

dog = DogStatsd(socket_path=path, constant_tags=["env:test"], disable_telemetry=True, disable_buffering=False)
for number in range(50):
    dog.increment("dog.hits", tags=["path:/a", "flag"])
    dog.histogram("dog.size", number)
    dog.distribution("dog.spread", number, tags=["b:2", "a:1"])
dog.gauge("dog.depth", 7.5)
dog.set("dog.users", "ann")
dog.event("title", "text", alert_type="error")
dog.service_check("check", dog.OK if hasattr(dog, "OK") else 0)
dog.flush()
