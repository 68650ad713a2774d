#!/usr/bin/env bash
# Build the package as a release does, through its source distribution, install the wheel in an empty environment
# elsewhere, and use it there: on a file, in Python, and every verb's help. Says how long installing took, and how large
# it is. Needs a package index.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo "$PWD/.venv/bin/uv")
python=$PWD/.venv/bin/python
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m hatchling build -t sdist -d "$folder/dist" >/dev/null
mkdir "$folder/source" && tar -xzf "$folder"/dist/*.tar.gz -C "$folder/source" --strip-components 1
(cd "$folder/source" && "$python" -m hatchling build -t wheel -d "$folder/dist" >/dev/null)
"$uv" venv --quiet --python "$python" "$folder/environment"
SECONDS=0
"$uv" pip install --quiet --python "$folder/environment/bin/python" "$(echo "$folder"/dist/*.whl)[files,serve,client,aws]"
echo "wheel $(du -m "$folder"/dist/*.whl | cut -f1) MB; with its extras installed in $SECONDS s, $(du -sm "$folder/environment" | cut -f1) MB"
cd "$folder"
export PATH="$folder/environment/bin:$PATH"
printf '{"id": "a", "text": "Buying this dip!"}\n' > comments.jsonl
crypto-sentiment score comments.jsonl scored.parquet 2>/dev/null
python -c "import pyarrow.parquet as pq; print(pq.read_table('scored.parquet').to_pylist())"
python -c "from crypto_sentiment import SentimentClassifier; print(SentimentClassifier.load().classify(['Crypto to the moon!']))"
for verb in $(python -c "from crypto_sentiment.cli import VERBS; print(*VERBS)"); do
    crypto-sentiment "$verb" --help > /dev/null
done
# The server and the worker run: the first answers, the second says in a line what it lacks.
crypto-sentiment serve --port 8765 2> serve.log &
server=$!
for _ in $(seq 100); do python -c "import httpx; httpx.get('http://127.0.0.1:8765/health').raise_for_status()" 2>/dev/null && break; sleep 0.2; done
python -c "import httpx; print(httpx.post('http://127.0.0.1:8765/analyze', json={'text': 'Crypto to the moon!'}).json())"
kill $server
! crypto-sentiment worker --until-empty
python - <<'PY'
import resource, subprocess, time
def cpu(*command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
for name, command in {"import crypto_sentiment": ["python", "-c", "import crypto_sentiment"], "--help": ["crypto-sentiment", "--help"]}.items():
    print(f"{name}: {sorted(cpu(*command) for _ in range(5))[2]:.2f} s of CPU")
PY
