"""The HTTP API under uvicorn, the one way in which it is served outside Lambda."""

import sys

import uvicorn

from lambda_fn.contract import API_APP, API_PROTOCOL
from lambda_fn.http.connections import backlog

# Idle connections outlive a load balancer's (60 s), or it would write into closed ones.
KEEP_ALIVE_S = 75
# What is being answered when the process is told to stop has so long to end; a container is killed after 10 to 120 s.
STOP_S = 60
# Under more requests than can be served the event loop never rests, and the thread that scores would wait Python's
# usual 5 ms for the interpreter's lock after every call of ONNX Runtime.
SWITCH_INTERVAL_S = 0.0005


def serve(host: str, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C. Settings are environment variables (lambda_fn/settings.py)."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    uvicorn.run(
        API_APP,
        host=host,
        port=port,
        http=API_PROTOCOL,
        backlog=backlog(),
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S,
    )
