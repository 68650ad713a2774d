#!/usr/bin/env bash
# Pin every dependency, with hashes: the image's list (lambda_fn/requirements.in) and pyproject.toml's extras.
# The image is installed with --no-deps, so its file lists exactly what ships; the packages named in `unused` are declared
# by tokenizers (for downloading from a hub) and onnxruntime (for its tools) and are never imported by inference. The
# other files pin the same versions.
set -euo pipefail
cd "$(dirname "$0")/.."
compile=(uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --generate-hashes)
unused=(huggingface-hub hf-xet fsspec filelock httpcore2 httpx2 httpx2-jsfetch pyyaml tqdm truststore flatbuffers protobuf)
"${compile[@]}" "${unused[@]/#/--no-emit-package=}" lambda_fn/requirements.in -o lambda_fn/requirements.txt "$@"
"${compile[@]}" --constraint lambda_fn/requirements.txt pyproject.toml --extra dev -o requirements.txt "$@"
