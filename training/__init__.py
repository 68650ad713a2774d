import lambda_fn  # noqa: F401 - switches onnxruntime's telemetry off before any module here imports it
