"""read-metrics.py FORMAT

Reads records from standard input, each as its length in eight hexadecimal digits and its bytes, with the parser of
those who made the format, and prints every point as a line of JSON: name, kind, value, attributes, and times in
milliseconds. Anything that the parser or the format's own rules refuse ends it with 1.
"""

import json
import sys


def records(stream):
    while length := stream.read(8):
        yield stream.read(int(length, 16))


def tell(name, kind, value, attributes, time, start=None):
    # The number as text: not every reader of JSON gives back the same double.
    print(json.dumps([name, kind, repr(value), attributes, time, start], sort_keys=True))


def read_otlp_json(record):
    from google.protobuf.json_format import Parse
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

    def plain(attribute):
        which = attribute.value.WhichOneof("value")
        assert which in ("string_value", "int_value"), attribute
        return str(getattr(attribute.value, which))

    def check(value):
        # The parser also takes numbers where the specification wants 64-bit integers as strings.
        for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
            if key in ("asInt", "intValue", "timeUnixNano", "startTimeUnixNano"):
                assert isinstance(item, str), (key, item)
            check(item)

    check(json.loads(record))
    seen = set()
    request = Parse(record.decode("utf-8"), ExportMetricsServiceRequest(), ignore_unknown_fields=False)
    for resource in request.resource_metrics:
        host = {a.key: plain(a) for a in resource.resource.attributes}
        assert host["host.name"] == "web-1" and host["os.type"] == "linux" and host["host.arch"], host
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                assert metric.name not in seen, "one metric twice: " + metric.name
                seen.add(metric.name)
                data = getattr(metric, metric.WhichOneof("data"))
                kind = "gauge"
                if metric.WhichOneof("data") == "sum":
                    delta = data.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
                    kind = ("delta" if delta else "counter") if data.is_monotonic else "updowncounter"
                for point in data.data_points:
                    value = getattr(point, point.WhichOneof("value"))
                    start = point.start_time_unix_nano // 1_000_000 or None
                    attributes = {a.key: plain(a) for a in point.attributes}
                    assert len(attributes) == len(point.attributes), point
                    tell(metric.name, kind, value, attributes, point.time_unix_nano // 1_000_000, start)


def read_influx(record):
    from line_protocol_parser import parse_line

    line = parse_line(record.decode("utf-8"))
    tags = line["tags"]
    assert tags.pop("host") == "web-1", line
    tell(line["measurement"], None, line["fields"]["value"], tags, line["time"] // 1_000_000)


def read_prometheus(record):
    from prometheus_client.parser import text_string_to_metric_families

    for family in text_string_to_metric_families(record.decode("utf-8")):
        assert family.documentation, family
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("instance") == "web-1", sample
            # In seconds, as a float.
            tell(sample.name, family.type, sample.value, labels, round(sample.timestamp * 1000))


def main():
    read = {"otlp_json": read_otlp_json, "influx": read_influx, "prometheus": read_prometheus}[sys.argv[1]]
    for record in records(sys.stdin.buffer):
        read(record)


main()
