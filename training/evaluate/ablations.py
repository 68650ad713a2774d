"""The ablation table: every training run appends what it added and what that gave on the development set."""

import csv
import os
import time
from pathlib import Path

TABLE = Path(os.environ.get("ABLATIONS", Path(__file__).parent / "ablations.csv"))
COLUMNS = ("what", "binary", "sure", "binary_f1", "accuracy_3", "macro_f1_3", "minutes", "when")


def record(what: str, figures: dict, table: Path | None = None) -> None:
    """Append one run; figures in percent and minutes, as predict.dev_figures and loop.train give them."""
    table = table or TABLE
    new = not table.exists()
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow({**figures, "what": what, "when": time.strftime("%Y-%m-%d %H:%M", time.gmtime())})


def markdown(table: Path | None = None) -> str:
    """The table for a document."""
    with (table or TABLE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    head = ("what was added", "binary, score ≠ 0", "binary, score ±2", "macro-F1 (2)", "macro-F1 (3)", "minutes")
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for row in rows:
        cells = (row[c] for c in ("what", "binary", "sure", "binary_f1", "macro_f1_3", "minutes"))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
