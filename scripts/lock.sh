#!/usr/bin/env bash
# Pin every dependency: lambda_fn/requirements.in and requirements.in become the .txt files beside them.
# The image's file carries hashes and is installed with --no-deps, so it lists exactly what ships; the packages
# named in `unused` are declared by tokenizers (for downloading from a hub) and onnxruntime (for its tools) and are
# never imported by inference. The root file pins the same versions, whole, for a plain `pip install -r`.
set -euo pipefail
cd "$(dirname "$0")/.."
compile=(uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate)
unused=(huggingface-hub hf-xet fsspec filelock httpcore2 httpx2 httpx2-jsfetch pyyaml tqdm truststore flatbuffers protobuf)
"${compile[@]}" --generate-hashes "${unused[@]/#/--no-emit-package=}" \
    lambda_fn/requirements.in -o lambda_fn/requirements.txt "$@"
"${compile[@]}" --constraint lambda_fn/requirements.txt requirements.in -o requirements.txt "$@"
