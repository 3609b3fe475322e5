#!/usr/bin/env python3
"""exporter.py

An exporter made with prometheus_client. Prints its port, and serves until it is ended. With every scrape the counter
grows by one, and what was asked for is told in the label `format` of a gauge.
"""

import http.server
import sys

from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary
from prometheus_client.exposition import choose_encoder

registry = CollectorRegistry()
scrapes = Counter("shop_scrapes", "How often this was scraped.", registry=registry)
orders = Counter("shop_orders", 'Orders, with a "quoted" word\nand a line\\.', ["country", "path"], registry=registry)
orders.labels('d"e', "C:\\dir\nnext").inc(3.5)
orders.labels("ö,=", "").inc(exemplar={"trace_id": "abc"})
Gauge("shop_depth", "A gauge.", registry=registry).set(-1.25e-9)
Gauge("shop_nothing", "No number.", registry=registry).set(float("nan"))
latency = Histogram("shop_latency_seconds", "A histogram.", buckets=(0.1, 1), registry=registry)
latency.observe(0.05)
latency.observe(0.5, {"trace_id": "xyz"})
latency.observe(5)
Summary("shop_size_bytes", "A summary.", registry=registry).observe(12)
Info("shop_build", "An info.", registry=registry).info({"version": "1.2"})
Enum("shop_state", "A state.", states=["open", "closed"], registry=registry).state("open")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        scrapes.inc()
        encode, content_type = choose_encoder(self.headers.get("Accept"))
        page = encode(registry)
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
sys.stdout.flush()
server.serve_forever()
