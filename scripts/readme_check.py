"""Run README's commands, top to bottom, in a fresh clone in an empty folder, and compare what they print.

python -m scripts.readme_check            a clone of this checkout's HEAD
python -m scripts.readme_check --keep     leave the clone where it is, to look at it

Times, rates, ports, process ids and what a CPU can do may differ; a number may differ by 0.02, as probabilities do from
CPU to CPU; everything else must be as printed. "Deploy it" is synthesized, not deployed. Exit codes: 0 all as printed,
1 something is not.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

REPOSITORY = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(console|sh)\n(.*?)^```$", re.M | re.S)
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# What is another's each time: written over on both sides before they are compared.
VARYING = [
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S*"), "TIME"),
    (re.compile(r'"(Timestamp)":\d+'), r'"\1":TIME'),
    (re.compile(r'"(MsPerComment)":\[[^\]]*\]'), r'"\1":TIME'),
    (re.compile(r"^(x-(?:inference|total)-time): .*$", re.M), r"\1: TIME"),
    (re.compile(r"[\d,.]+(?= (?:comments )?a second)"), "RATE"),
    (re.compile(r"^\w[\w ]*[━╸ ]{20,}.*$", re.M), "PROGRESS"),
    (re.compile(r"\b\d+:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"process \[[^\]]*\]"), "process [pid]"),
    (re.compile(r'"cpu":\[[^\]]*\],"threads":\d+'), '"cpu":[],"threads":1'),
    (re.compile(r"━+"), "━"),
]
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
TOLERANCE = 0.02
# What runs on until the check is over, and what says that it has started.
SERVERS = {"make run": "Uvicorn running", "crypto-sentiment local-aws": "export RESULTS_BUCKET"}
# An account is not ours to deploy to: what comes before that is.
INSTEAD = {"npx cdk bootstrap": "npx cdk synth --quiet"}
PATIENCE_S = 600


@dataclass
class Command:
    """A line of README behind "$ ", and the lines that it is said to print (None: only its exit code counts)."""

    text: str
    expected: list[str] | None


def commands(readme: str) -> list[Command]:
    """README's commands in order: of `console` blocks with their output, of `sh` blocks without."""
    found: list[Command] = []
    for kind, body in BLOCK.findall(readme):
        if kind == "sh":
            found += [Command(line, None) for line in body.splitlines() if line.strip()]
            continue
        for line in body.splitlines():
            if line.startswith("$ "):
                found.append(Command(line[2:], []))
            elif found and found[-1].expected is not None:
                found[-1].expected.append(line)
    return found


def same(expected: list[str], printed: list[str]) -> str:
    """What differs, in a line; empty where nothing does. A last line "…" stands for all that follows."""
    if expected and expected[-1] == "…":
        expected = expected[:-1]
        printed = printed[: len(expected)]
    left, right = levelled(expected), levelled(printed)
    if len(left) != len(right):
        return f"{len(left)} lines in README, {len(right)} printed"
    for here, there in zip(left, right, strict=True):
        if NUMBER.split(here) != NUMBER.split(there):
            return f"README has {here!r}, printed was {there!r}"
        for one, other in zip(NUMBER.findall(here), NUMBER.findall(there), strict=True):
            if abs(float(one) - float(other)) > TOLERANCE:
                return f"README has {here!r}, printed was {there!r}"
    return ""


def levelled(lines: list[str]) -> list[str]:
    text = "\n".join(line.rstrip() for line in lines).rstrip()
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    return text.splitlines()


class Terminal:
    """Runs commands in a folder; what a server exports is set for those that follow."""

    def __init__(self, folder: Path):
        self.folder = folder
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "AWS_"))}
        self.environment = clean | {"COLUMNS": "118", "CDK_DISABLE_CLI_TELEMETRY": "true"}
        self._servers: list[subprocess.Popen] = []

    def run(self, command: str) -> tuple[int, list[str]]:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
        )
        return done.returncode, COLOURS.sub("", done.stdout).rstrip().splitlines()

    def serve(self, command: str, started: str) -> tuple[int, list[str]]:
        """Start a server, and return once it has said `started`."""
        server = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._servers.append(server)
        impatient = threading.Timer(PATIENCE_S, server.kill)
        impatient.start()
        printed: list[str] = []
        for line in server.stdout:
            printed.append(line.rstrip())
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                self.environment[name] = value
            if started in line:
                impatient.cancel()
                threading.Thread(target=lambda: [None for _ in server.stdout], daemon=True).start()
                return 0, printed
        impatient.cancel()
        return server.wait() or 1, printed

    def stop(self) -> None:
        for server in self._servers:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGTERM)


def check(clone: Path) -> list[str]:
    """What is not as README says."""
    wrong: list[str] = []
    terminal = Terminal(clone)
    try:
        for command in commands((clone / "README.md").read_text()):
            text = command.text
            for given, instead in INSTEAD.items():
                if given in text:
                    text = text[: text.index(given)] + instead
            started = time.monotonic()
            server = next((ready for name, ready in SERVERS.items() if text.endswith(name)), None)
            code, printed = terminal.serve(text, server) if server else terminal.run(text)
            print(f"{time.monotonic() - started:6.1f} s  $ {text}", flush=True)
            # Set-up is said on the first run only: README shows what a server says of itself.
            if server and command.expected:
                printed = [line for line in printed if line in command.expected or line.startswith(("INFO", "export"))]
            difference = "" if command.expected is None else same(command.expected, printed)
            if command.expected is None and code:
                difference = f"exit code {code}: " + " / ".join(printed[-3:])
            if difference:
                wrong.append(f"$ {text}\n    {difference}")
                print(f"          {difference}", flush=True)
    finally:
        terminal.stop()
    return wrong


def main(keep: Annotated[bool, typer.Option("--keep", help="leave the clone where it is")] = False) -> None:
    """Run README's commands in a fresh clone. Exit codes: 0 all as printed, 1 something is not."""
    folder = Path(tempfile.mkdtemp(prefix="readme-"))
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
    try:
        wrong = check(clone)
    finally:
        if keep:
            print(f"the clone is in {clone}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if wrong:
        sys.exit("README is not as the commands are:\n" + "\n".join(wrong))
    print("every command of README prints what README says")


if __name__ == "__main__":
    typer.run(main)
