"""What README.md is made of: real output of real commands, and tables from the files that commands wrote.

README.md holds cog blocks that call these functions; `make readme` runs them again, so no output in it is typed.
"""

import atexit
import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
MODEL = REPOSITORY / "model_artifacts" / "distilbert-crypto-sentiment"
TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def console(*commands: str, lines: int | None = None) -> None:
    """Print the commands and what they print, as a fenced block; `lines` keeps only the last ones."""
    print("```console")
    for command in commands:
        print(f"$ {command}")
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": "118"},
        )
        output = TERMINAL_COLOURS.sub("", done.stdout + done.stderr).rstrip().splitlines()
        print("\n".join(line.rstrip() for line in output[-lines if lines else 0 :]))
    print("```")


@cache
def serve() -> None:
    """`make run` in the background until cog ends; what it prints goes into the README."""
    log = REPOSITORY / "build" / "make-run.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("w") as output:
        server = subprocess.Popen(["make", "run"], cwd=REPOSITORY, stdout=output, stderr=output, start_new_session=True)
    atexit.register(os.killpg, server.pid, signal.SIGTERM)
    for _ in range(1200):
        try:
            urllib.request.urlopen("http://127.0.0.1:8000/health", timeout=5).read()
            break
        except OSError:
            time.sleep(0.1)
    printed = [re.sub(r"\[\d+\]", "[pid]", line) for line in log.read_text().splitlines() if line.startswith("INFO")]
    print("```console", "$ make run", *printed, "```", sep="\n")


def metrics() -> dict:
    """What `training.evaluate` wrote beside the model."""
    return json.loads((MODEL / "metrics.json").read_text())


def table(rows: list[dict]) -> None:
    """A Markdown table of dictionaries with the same keys."""
    print("|", " | ".join(rows[0]), "|")
    print("|", " | ".join("---" for _ in rows[0]), "|")
    for row in rows:
        print("|", " | ".join(str(value) for value in row.values()), "|")
