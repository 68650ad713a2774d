#!/usr/bin/env bash
# boto3 invokes a function in Lambda's Runtime Interface Emulator: one that raises, and one asynchronously.
#
# Guess: as in Lambda: an error is told by FunctionError, and InvocationType=Event answers 202 at once
# Seen: no FunctionError: a raised exception looks like an answer (200, its text in the payload); Event and DryRun are answered
#   like RequestResponse, 200 with the result, after the function has run
# With: awslambdaric 4.2.2, aws-sam-cli 1.170.0 (its emulator), boto3 1.44.5
set -euo pipefail
work=$(mktemp -d)
trap '[ -z "${rie:-}" ] || kill "$rie" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check awslambdaric==4.2.2 boto3==1.44.5
venv/bin/pip download --quiet --disable-pip-version-check --no-deps aws-sam-cli==1.170.0
machine=$(uname -m)
case $machine in aarch64 | arm64) machine=arm64 ;; esac
venv/bin/python -c "
import glob, os, zipfile
wheel = zipfile.ZipFile(glob.glob('aws_sam_cli-*.whl')[0])
open('rie', 'wb').write(wheel.read('samcli/local/rapid/aws-lambda-rie-$machine'))
os.chmod('rie', 0o755)"
cat > app.py <<'PY'
import time


def handler(event, context):
    if event.get("raise"):
        raise ValueError("no comment")
    time.sleep(1)
    return {"sentiment": "positive"}
PY
free_port() { venv/bin/python -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"; }
port=$(free_port)
env -i PATH="$PATH" HOME="$work" AWS_LAMBDA_FUNCTION_TIMEOUT=30 AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1769 AWS_REGION=us-east-1 \
    AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_SESSION_TOKEN=z \
    ./rie --runtime-interface-emulator-address "127.0.0.1:$port" --runtime-api-address "127.0.0.1:$(free_port)" \
    venv/bin/python -m awslambdaric app.handler >rie.log 2>&1 &
rie=$!
sleep 2
RIE="http://127.0.0.1:$port" venv/bin/python - <<'PY'
import os
import time

import boto3

client = boto3.client(
    "lambda", endpoint_url=os.environ["RIE"], region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y"
)


def invoke(payload, **options):
    started = time.monotonic()
    answer = client.invoke(FunctionName="function", Payload=payload, **options)
    seconds, body = time.monotonic() - started, answer["Payload"].read().decode()
    print(payload, options, "->", answer["StatusCode"], answer.get("FunctionError"), body[:60], f"after {seconds:.0f} s")
    return answer["StatusCode"], answer.get("FunctionError"), body, seconds


print("boto3", boto3.__version__, "against the emulator of aws-sam-cli 1.170.0")
status, error, body, _ = invoke('{"raise": true}')
assert (status, error) == (200, None), "an error is told by FunctionError now"
assert "ValueError" in body
for kind in ("Event", "DryRun"):
    status, _, body, seconds = invoke("{}", InvocationType=kind)
    assert (status, body) == (200, '{"sentiment": "positive"}'), f"{kind} is another kind of call now"
    assert seconds >= 1
PY
