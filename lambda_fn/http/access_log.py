"""The access log: a line of JSON for every request, with the name of the key that called, and never the key or a text.

{"time": "2026-03-10T05:16:23.014Z", "request": "JKJaXmPLvHcESHA=", "method": "POST", "route": "/analyze",
 "status": 200, "ms": 4.1, "key": "alice"}
"""

import json
import logging
import sys
from datetime import UTC, datetime

from lambda_fn.model import cpu
from lambda_fn.settings import Settings

logger = logging.getLogger(__name__)
host = logging.getLogger(f"{__name__}.host")
host.setLevel(logging.INFO)


def configure(settings: Settings) -> None:
    """Where the lines go: on Lambda to its own handler, elsewhere to standard output."""
    logger.setLevel(logging.INFO if settings.logs_access else logging.WARNING)
    # Mangum writes a line for each call, which CloudWatch would charge for (165 bytes as Lambda writes it).
    logging.getLogger("mangum").setLevel(logging.WARNING)
    if not logging.getLogger().handlers and not logger.handlers:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.propagate = False


def note_host(settings: Settings) -> None:
    """On Lambda, one line for each execution environment: what its CPU can do (docs/COST.md tells the mix by it)."""
    if settings.on_lambda:
        host.info("environment started", extra={"cpu": cpu.int8_kind(), "cpu_flags": cpu.int8_flags()})


def write(request_id: str, method: str, route: str, status: int, seconds: float, key_name: str | None) -> None:
    """route: one of few (lambda_fn/http/paths.py). key_name: None where no key was asked for, or none was right."""
    if not logger.isEnabledFor(logging.INFO):
        return
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "request": request_id,
        "method": method,
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    if key_name is not None:
        line["key"] = key_name
    logger.info(json.dumps(line))
