#!/usr/bin/env bash
# A FastAPI service behind a REST API answers application/problem+json, NDJSON or Comprehend's JSON through Mangum.
#
# Guess: what has json in its name is text
# Seen: only application/json and a fixed list are; application/problem+json, application/x-ndjson and
#   application/x-amz-json-1.1 go out as base64, for an API Gateway that decodes only what it was told is binary;
#   text_mime_types mends it
# With: mangum 0.22.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check mangum==0.22.0
venv/bin/python - <<'PY'
import asyncio

from mangum import Mangum

EVENT = {
    "resource": "/",
    "path": "/",
    "httpMethod": "GET",
    "headers": {"Host": "example.com"},
    "multiValueHeaders": {"Host": ["example.com"]},
    "queryStringParameters": None,
    "multiValueQueryStringParameters": None,
    "requestContext": {"resourcePath": "/", "httpMethod": "GET", "identity": {"sourceIp": "192.0.2.1"}, "stage": "prod"},
    "body": None,
    "isBase64Encoded": False,
}


def answer(media_type, **options):
    async def app(scope, receive, send):
        headers = [(b"content-type", media_type.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})

    return Mangum(app, lifespan="off", **options)(EVENT, {})


asyncio.set_event_loop(asyncio.new_event_loop())
print("mangum 0.22.0")
for media_type, encoded in {
    "application/json": False,
    "application/problem+json": True,
    "application/x-ndjson": True,
    "application/x-amz-json-1.1": True,
}.items():
    sent = answer(media_type)
    print(f"{media_type:28}", sent["body"], "base64" if sent["isBase64Encoded"] else "text")
    assert sent["isBase64Encoded"] is encoded, f"{media_type} goes out in another way"
assert answer("application/problem+json", text_mime_types=["application/"])["body"] == "{}"
PY
