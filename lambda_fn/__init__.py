"""What ships in the Lambda image: the classifier, and the API and bulk handlers around it."""

import os

# onnxruntime >= 1.29 reports usage by default, and writes an id under HOME when it is imported. A service that reads
# people's comments reports nothing. A package's own file runs before any of its modules, so no import comes too early;
# training, the benchmark and the tests import this package in theirs.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
