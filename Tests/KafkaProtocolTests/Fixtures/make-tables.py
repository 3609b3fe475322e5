#!/usr/bin/env python3
"""Writes what kafka-python knows of error codes and of the APIs' first flexible versions, beside this file."""
import glob
import inspect
import os
import re

import kafka.errors
import kafka.protocol.schemas

here = os.path.dirname(os.path.abspath(__file__))

with open(os.path.join(here, "kafka-python-errors.txt"), "w") as out:
    codes = {
        cls.errno: cls.message for _, cls in inspect.getmembers(kafka.errors, inspect.isclass)
        if issubclass(cls, kafka.errors.BrokerResponseError) and isinstance(getattr(cls, "errno", None), int)
        and getattr(cls, "message", None)
    }
    for code in sorted(codes):
        print(code, codes[code], file=out)

with open(os.path.join(here, "kafka-python-apis.txt"), "w") as out:
    lines = []
    for path in glob.glob(os.path.join(os.path.dirname(kafka.protocol.schemas.__file__), "resources", "*Request.json")):
        text = open(path).read()
        key = int(re.search(r'"apiKey": *(\d+)', text)[1])
        name = re.search(r'"name": *"(\w+)Request"', text)[1]
        lines.append((key, name, re.search(r'"flexibleVersions": *"(none|\d+)', text)[1]))
    for line in sorted(lines):
        print(*line, file=out)
