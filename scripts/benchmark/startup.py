"""What a cold start costs: seconds of CPU and resident memory until a handler is ready, and its slowest imports."""

import json
import os
import re
import subprocess
import sys

HANDLERS = {"HTTP": "lambda_fn.api", "bulk": "lambda_fn.bulk.handler"}
PROGRAM = """
import json, resource, time
wall = time.perf_counter()
import {module} as module
from lambda_fn.model.classifier import SentimentClassifier
imported = time.process_time()
classifier = getattr(module, "classifier", None) or SentimentClassifier.load()
ready = time.process_time(), time.perf_counter() - wall
rss = int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 2**20
classifier.classify(["to the moon"])
print(json.dumps({{"cpu_s": ready[0], "wall_s": ready[1], "imports_cpu_s": imported, "resident_mb": rss}}))
"""
IMPORT_LINE = re.compile(r"import time:\s*(\d+) \|\s*(\d+) \|(\s*)(\S+)")


def measure(rounds: int) -> dict[str, dict]:
    environment = {**os.environ, "ORT_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}
    out = {}
    for name, module in HANDLERS.items():
        command = [sys.executable, "-c", PROGRAM.format(module=module)]
        runs = []
        for _ in range(rounds + 1):  # the first one fills the caches of files and of compiled modules
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            runs.append(json.loads(done.stdout))
        command.insert(1, "-Ximporttime")
        trace = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stderr
        times = {match[4]: int(match[1]) / 1000 for match in IMPORT_LINE.finditer(trace)}
        packages: dict[str, float] = {}
        for imported, ms in times.items():
            package = imported.split(".")[0]
            packages[package] = packages.get(package, 0) + ms
        slowest = dict(sorted(packages.items(), key=lambda item: -item[1])[:8])
        out[name] = {"rounds": runs[1:], "slowest_imports_ms": slowest}
    return out
