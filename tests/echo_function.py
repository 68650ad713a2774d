"""A Lambda function that answers with what it was given; `test_rie.py` runs it in the emulator."""

import os
import time


def handler(event, context):
    if event.get("raise"):
        raise ValueError("asked to fail")
    time.sleep(event.get("sleep_s", 0))
    return {"event": event, "pid": os.getpid(), "environment": dict(os.environ)}
