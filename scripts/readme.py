"""What README.md is made of: real output of real commands, and tables from the files that commands wrote.

README.md holds cog blocks that call these functions; `make readme` runs them again, so no output in it is typed.
"""

import atexit
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from functools import cache
from pathlib import Path
from statistics import median

from scripts.benchmark.engines import PREDECESSOR, PROJECT
from scripts.benchmark.report import rate

REPOSITORY = Path(__file__).resolve().parent.parent
MODEL = REPOSITORY / "model_artifacts" / "distilbert-crypto-sentiment"
TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def console(*commands: str, first: int | None = None) -> None:
    """Print the commands and what they print, as a fenced block; of long output only the `first` lines."""
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
        for line in output[:first]:
            print(line.rstrip())
        if first and len(output) > first:
            print("…")
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


@cache
def local_aws() -> None:
    """`crypto-sentiment local-aws` in the background until cog ends; its variables are set for what follows."""
    command = [sys.executable, "-m", "crypto_sentiment", "local-aws"]
    server = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    atexit.register(server.terminate)
    lines = [server.stdout.readline().strip() for _ in range(6)]
    os.environ.update(dict(line.removeprefix("export ").split("=", 1) for line in lines))
    print("```console", "$ .venv/bin/crypto-sentiment local-aws", *lines, "```", "", sep="\n")


def metrics() -> dict:
    """What `training.evaluate.evaluate` wrote beside the model."""
    return json.loads((MODEL / "metrics.json").read_text())


def table(rows: list[dict]) -> None:
    """A Markdown table of dictionaries with the same keys."""
    print("|", " | ".join(rows[0]), "|")
    print("|", " | ".join("---" for _ in rows[0]), "|")
    for row in rows:
        print("|", " | ".join(str(value) for value in row.values()), "|")


def accuracy() -> None:
    """The model's accuracy on the development set, as its card has it."""
    figures = metrics()
    side, sure = f"{figures['sided_rows']:,} polar", f"{figures['sure_rows']:,} high-confidence"
    table(
        [
            {
                "model": name,
                f"positive or negative, of {side}, %": _with_interval(model, "binary"),
                f"of {sure}, %": _with_interval(model, "sure"),
                f"three classes, of {figures['rows']:,}, %": _with_interval(model, "accuracy_3"),
            }
            for name, model in figures["models"].items()
        ]
    )


def _with_interval(model: dict, name: str) -> str:
    """A percentage with its 95 % bootstrap interval."""
    low, high = model[f"{name}_interval"]
    return f"{model[name]:.1f} ({low:.1f}–{high:.1f})"


@cache
def bills(host: str = "vnni") -> dict[str, dict]:
    """The bills that `crypto-sentiment cost --json` computes, of the 384-wide model, by option."""
    command = [sys.executable, "-m", "crypto_sentiment", "cost", "--allow-stale", "--json", "--host", host]
    answer = json.loads(subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True).stdout)
    return {bill["option"]: bill for bill in answer["bills"] if bill["width"] == 384}


def usd(option: str) -> str:
    """What an option costs a month on hosts with AVX512-VNNI, and with AVX2 only, which is all that AWS promises."""
    vnni, avx2 = (bills(host)[option]["usd"] for host in ("vnni", "avx2"))
    return f"${vnni:.0f} a month on hosts with VNNI, ${avx2:.0f} with AVX2 only"


def speed() -> tuple[str, str]:
    """One user's requests a second, and comments a second and core in bulk, each beside the predecessor's way."""
    report = json.loads((REPOSITORY / "docs" / "benchmark" / "report.json").read_text())
    one_user = {
        row["server"]: median(each["one_user"]["requests_per_s"] for each in row["rounds"])
        for row in report["http"]
        if row["workers"] == 1
    }
    bulk = {row["engine"]: median(rate(row, "comments")) for row in report["engines"]}
    return (
        f"{one_user['this project']:.0f} requests a second; the predecessor {one_user['predecessor']:.0f}",
        f"{bulk[PROJECT]:.0f} comments a second; the predecessor {bulk[PREDECESSOR]:.0f}",
    )


def summary() -> None:
    """What a reader wants to know first, each row with the command that computed it."""
    figures = metrics()
    int8 = figures["models"]["int8"]
    one_user, bulk = speed()
    single = bills()["lambda-http-single-x86"]
    megabytes = (MODEL / "onnx" / "model_quantized.onnx").stat().st_size / 1e6
    table(
        [
            {
                "what": "10 million comments a day, packed through SQS and Lambda",
                "figure": usd("lambda-sqs-packed-x86"),
                "computed by": "`make cost`",
            },
            {
                "what": f"the same by {bills()['fargate-sqs-spot']['title']}",
                "figure": usd("fargate-sqs-spot"),
                "computed by": "`make cost`",
            },
            {
                "what": f"one comment per HTTPS request instead (API Gateway ${single['parts']['API Gateway']:.0f})",
                "figure": usd("lambda-http-single-x86"),
                "computed by": "`make cost`",
            },
            {
                "what": "positive or negative, right, on comments it never saw",
                "figure": f"{int8['sure']:.1f} % of high-confidence, {int8['binary']:.1f} % of all polar comments",
                "computed by": "`training.evaluate.evaluate`",
            },
            {
                "what": "one user, one core, one comment a call",
                "figure": one_user,
                "computed by": "`make bench`",
            },
            {"what": "in bulk, a core", "figure": bulk, "computed by": "`make bench`"},
            {
                "what": "the model: 6 layers, 384 wide, int8",
                "figure": f"{megabytes:.1f} MB",
                "computed by": "its file",
            },
        ]
    )
