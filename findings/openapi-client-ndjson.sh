#!/usr/bin/env bash
# A Python client generated from a service's OpenAPI document in which one path takes NDJSON and one CSV.
#
# Guess: those two become methods that take bytes or text
# Seen: they are left out with a warning, and the exit code is 0: the client lacks exactly the bulk endpoints;
#   --fail-on-warning makes it 1
# With: openapi-python-client 0.29.1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1
venv/bin/python - <<'PY'
import json


def path(media_type):
    schema = {"type": "object"} if media_type == "application/json" else {"type": "string"}
    body = {"required": True, "content": {media_type: {"schema": schema}}}
    return {"post": {"requestBody": body, "responses": {"200": {"description": "scored"}}}}


paths = {"/analyze": "application/json", "/score": "application/x-ndjson", "/table": "text/csv"}
document = {"openapi": "3.1.0", "info": {"title": "sentiment", "version": "1"}}
json.dump(document | {"paths": {name: path(kind) for name, kind in paths.items()}}, open("openapi.json", "w"))
PY
status=0
venv/bin/openapi-python-client generate --path openapi.json --meta none --output-path client >log 2>&1 || status=$?
echo "openapi-python-client 0.29.1: exit code $status, $(grep -c 'will not be generated' log) endpoints left out"
grep -A2 'will not be generated' log
generated=$(cd client/api/default && ls | grep -v __init__ | tr '\n' ' ')
echo "generated: $generated"
[ $status = 0 ] || { echo "the exit code tells now" >&2; exit 1; }
[ "$generated" = "post_analyze.py " ] || { echo "NDJSON or CSV is generated now" >&2; exit 1; }
status=0
venv/bin/openapi-python-client generate --path openapi.json --meta none --output-path other --fail-on-warning >log 2>&1 || status=$?
echo "with --fail-on-warning: exit code $status"
[ $status != 0 ]
