#!/usr/bin/env bash
# Pin every dependency, with hashes: the image's list (lambda_fn/requirements.in) and pyproject.toml's extras. All files
# pin the same versions; `scripts/lock.sh --upgrade` renews them.
#
# The image is installed with --no-deps, so its file lists exactly what ships; the packages named in `unused` are declared
# by tokenizers (for downloading from a hub) and onnxruntime (for its tools) and are never imported by inference.
#
# PyTorch has a file of its own, for it comes in two kinds: a CPU build is complete in itself, PyPI's Linux build also
# takes the libraries of requirements-cuda.txt, some gigabytes.
set -euo pipefail
cd "$(dirname "$0")/.."
compile=(uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --generate-hashes)
unused=(huggingface-hub hf-xet fsspec filelock httpcore2 httpx2 httpx2-jsfetch pyyaml tqdm truststore flatbuffers protobuf)
# torch 2.13.0+cpu for Python 3.11 on x86_64 Linux, of PyTorch's CPU index (https://download.pytorch.org/whl/cpu).
cpu_build=6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b

"${compile[@]}" "${unused[@]/#/--no-emit-package=}" lambda_fn/requirements.in -o lambda_fn/requirements.txt "$@"
"${compile[@]}" --constraint lambda_fn/requirements.txt pyproject.toml --extra dev -o requirements.txt "$@"

# Spark's tests run in an environment of their own, on pyspark 4 and (requirements-35.txt over the same) on EMR's 3.5.
# What EMR Serverless gets packed has no Spark: it is there.
spark=crypto_sentiment/spark
"${compile[@]}" --constraint lambda_fn/requirements.txt pyproject.toml --extra spark --extra aws $spark/requirements.in \
    -o $spark/requirements.txt "$@"
"${compile[@]}" --no-emit-package=pyspark --no-emit-package=py4j --constraint $spark/requirements.txt pyproject.toml \
    --extra spark -o $spark/environment.txt
"${compile[@]}" $spark/requirements-35.in -o $spark/requirements-35.txt

# $1: lock file. Prints the packages (with their hashes) whose names match $2, or with "not" as $3 those that do not.
packages() {
    awk -v pattern="^($2)==" -v not="${3:-}" '/^[A-Za-z0-9]/ { keep = ($1 ~ pattern) == (not == "") } keep' "$1"
}
cuda='nvidia-.*|cuda-.*|triton'
for room in training scripts/benchmark; do
    extra=$([ "$room" = training ] && echo train || echo bench)
    whole=$(mktemp) before=$(mktemp)
    if [ "$*" != --upgrade ] && [ -s "$room/requirements.txt" ]; then  # an earlier lock's versions stay
        sed -nE 's/^([a-z0-9.-]+==.*[^ ]) *\\$/\1/p' "$room/requirements.txt" > "$before"
    fi
    "${compile[@]}" --constraint lambda_fn/requirements.txt --constraint "$before" pyproject.toml --extra "$extra" -o "$whole"
    packages "$whole" "torch|$cuda" not > "$room/requirements.txt"
    if [ "$room" = training ]; then
        packages "$whole" torch > training/requirements-torch.txt
        sed -nE 's/^torch==([0-9.]+) .*/torch==\1+cpu/p' training/requirements-torch.txt | sed "s/$/ --hash=sha256:$cpu_build/" \
            > training/requirements-torch-cpu.txt
        packages "$whole" "$cuda" > training/requirements-cuda.txt
    fi
    rm "$whole" "$before"
done
"${compile[@]}" --no-deps training/requirements-teacher.in -o training/requirements-teacher.txt "$@"
"${compile[@]}" scripts/clients/requirements.in -o scripts/clients/requirements.txt "$@"

# The model in other people's libraries: PyTorch is taken from the files above.
whole=$(mktemp)
"${compile[@]}" tests/hugging_face/transformers.in -o tests/hugging_face/transformers.txt "$@"
"${compile[@]}" --constraint <(sed -n '1s/ .*//p' training/requirements-torch.txt) tests/hugging_face/optimum.in -o "$whole"
packages "$whole" "torch|$cuda" not > tests/hugging_face/optimum.txt
rm "$whole"
