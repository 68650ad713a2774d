"""This checkout's classifier against another's, on one core and one thread, by turns: CPU time per comment.

    python -m scripts.benchmark.paired --against ../other-checkout --comments comments.jsonl

Each is a process of its own that loads its checkout's model; whatever else the machine does, both see. Shown is the
median of the rounds' ratios with the lowest and the highest, for all comments in one call (bulk) and for one a call.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from scripts.benchmark.comments import load

REPOSITORY = Path(__file__).resolve().parents[2]
ALONE = 300  # comments for one a call: fewer, for it is slower
WORKER = """
import json, sys, time
try:
    from lambda_fn.model.classifier import SentimentClassifier
except ImportError:  # before the rooms
    from lambda_fn.classifier import SentimentClassifier
classifier = SentimentClassifier.load()
texts = json.loads(sys.stdin.readline())
classifier.classify(texts[:64])
answered = classifier.classify(texts)
settled = sum(getattr(s, "settled", False) for s in answered) / len(answered)
print(json.dumps({"settled": settled}), flush=True)
for order in sys.stdin:
    part = texts[:ALONE] if order.strip() == "alone" else texts
    started = time.process_time()
    if order.strip() == "alone":
        for text in part:
            classifier.classify([text])
    else:
        classifier.classify(part)
    print(json.dumps((time.process_time() - started) / len(part)), flush=True)
""".replace("ALONE", str(ALONE))


class Checkout:
    """A process that scores `texts` with the classifier of the checkout `folder`."""

    def __init__(self, folder: Path, texts: list[str]):
        environment = {"PYTHONPATH": str(folder), "ORT_THREADS": "1", "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.settled = self.ask(json.dumps(texts))["settled"]

    def ask(self, line: str):
        """The worker's answer to a line."""
        print(line, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the worker ended with {self.process.wait()}")
        return json.loads(answer)


def paired(
    against: Annotated[Path, typer.Option(help="another checkout of this repository, e.g. a git worktree")],
    comments: Annotated[Path | None, typer.Option(help="JSON lines with text; none: generated ones")] = None,
    count: Annotated[int, typer.Option(help="comments")] = 2000,
    rounds: Annotated[int, typer.Option(help="each is both checkouts, in bulk and one a call")] = 7,
) -> None:
    """Print the table."""
    texts, kind = load(comments, count)
    ours, theirs = (Checkout(folder.resolve(), texts) for folder in (REPOSITORY, against))
    typer.echo(f"{len(texts)} {kind}; settled by the first stage: {100 * ours.settled:.1f} %")
    typer.echo("| | comments/s, other | comments/s, this | ratio (lowest to highest) |\n|---|---:|---:|---:|")
    for order in ("bulk", "alone"):
        seconds = [(theirs.ask(order), ours.ask(order)) for _ in range(rounds)]
        ratios = [other / this for other, this in seconds]
        best = [1 / min(column) for column in zip(*seconds, strict=True)]
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        typer.echo(f"| {order} | {best[0]:.0f} | {best[1]:.0f} | {spread} |")


if __name__ == "__main__":
    typer.run(paired)
