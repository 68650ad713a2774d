"""The benchmark: the predecessor, the peers and this project, in one run on the same cores (`make bench`)."""

import lambda_fn  # noqa: F401 - switches onnxruntime's telemetry off before any module here imports it
