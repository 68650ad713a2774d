#!/usr/bin/env bash
# A Lambda handler returns a score that is not a number.
#
# Guess: the runtime client refuses it (Runtime.MarshalError), as it refuses a set or a numpy float32; a Decimal too
# Seen: NaN and Infinity go out as such, in a body that is no JSON: the invocation succeeds, and the caller's parser fails. A
#   Decimal goes out with all its digits
# With: awslambdaric 4.2.2
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check awslambdaric==4.2.2 numpy==2.4.6
cat > app.py <<'PY'
from decimal import Decimal

import numpy as np

ANSWERS = {"nan": float("nan"), "inf": float("inf"), "decimal": Decimal("0.12345678901234567890"), "float32": np.float32(1)}


def handler(event, context):
    return {"score": ANSWERS[event["which"]]}
PY
cat > runtime_api.py <<'PY'
"""The part of Lambda's runtime API that the client talks to: four invocations, then it is over."""
import http.server
import json
import os
import subprocess
import sys
import threading

waiting, answers, over = ["nan", "inf", "decimal", "float32"], [], threading.Event()


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if not waiting:
            over.set()
            threading.Event().wait(20)
        body = json.dumps({"which": waiting.pop(0)}).encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", str(len(waiting)))
        self.send_header("Lambda-Runtime-Deadline-Ms", "9999999999999")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        answers.append((self.path.rsplit("/", 1)[1], self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
environment = os.environ | {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}", "AWS_LAMBDA_FUNCTION_NAME": "f"}
client = subprocess.Popen([sys.executable, "-m", "awslambdaric", "app.handler"], env=environment, stdout=subprocess.DEVNULL)
assert over.wait(60), "the runtime client did not ask for its invocations"
client.kill()
for kind, body in answers:
    print(kind, body[:120])
nan, inf, decimal, float32 = answers
assert nan == ("response", '{"score": NaN}'), "NaN is no longer sent"
assert inf == ("response", '{"score": Infinity}'), "Infinity is no longer sent"
assert decimal == ("response", '{"score": 0.12345678901234567890}'), "a Decimal is sent in another way"
assert float32[0] == "error", "a numpy float32 is marshalled now"
assert "Runtime.MarshalError" in float32[1]
PY
echo "awslambdaric 4.2.2"
venv/bin/python runtime_api.py
