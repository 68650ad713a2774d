#!/usr/bin/env bash
# Pack what a job on EMR Serverless brings along: a Python that runs wherever it is unpacked, our packages, the model.
#
#     crypto_sentiment/spark/pack.sh build/spark-environment.tar.gz      # for this machine's architecture
#
# EMR 7's own Python is 3.9, which is too old. python-build-standalone, which uv installs, needs nothing of the system.
set -euo pipefail
cd "$(dirname "$0")/../.."
output=$(realpath -m "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
uv python install --quiet --install-dir "$folder/python" 3.11
mv "$folder"/python/cpython-3.11.*/ "$folder/environment"
python=$folder/environment/bin/python3
rm -f "$folder"/environment/lib/python3.11/EXTERNALLY-MANAGED
uv pip install --quiet --python "$python" --require-hashes --no-deps --only-binary :all: \
    -r crypto_sentiment/spark/environment.txt
uv build --quiet --wheel --out-dir "$folder/wheel" .
uv pip install --quiet --python "$python" --no-deps "$folder"/wheel/*.whl
find "$folder/environment" -name __pycache__ -prune -exec rm -rf {} +
rm -rf "$folder"/environment/{include,share} "$folder"/environment/lib/{libtcl*,libtk*,tcl*,tk*,itcl*,thread*}
mkdir -p "$(dirname "$output")"
tar -C "$folder/environment" -czf "$output" .
