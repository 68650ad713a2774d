"""Writes docs/SPEED.md from docs/speed_tries.csv: what was tried for speed, with its number, the failures too.

python -m scripts.speed_table
"""

import csv
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
TRIES, PAGE = REPOSITORY / "docs" / "speed_tries.csv", REPOSITORY / "docs" / "SPEED.md"

INTRODUCTION = """# What was tried for speed

One thread, ONNX Runtime 1.32, the 6-layer, 384-wide model; each pair measured by turns in one run, best of several
rounds, CPU time. "VNNI": AVX512-VNNI, with AMX hidden where the CPU has it (`scripts/benchmark/cpumask.c`), because
Lambda's CPUs have none. The comparison with the predecessor and the peers is in [benchmark/](benchmark/report.md).

This page is written by `python -m scripts.speed_table` from [speed_tries.csv](speed_tries.csv).
"""


def page(tries: Path = TRIES) -> str:
    """The page as Markdown."""
    lines = [
        INTRODUCTION,
        "| part | what | before | after | | change | kept | why |",
        "|---|---|---:|---:|---|---:|---|---|",
    ]
    with tries.open(newline="") as file:
        for row in csv.DictReader(file):
            change = 100 * (float(row["after"]) / float(row["before"]) - 1)
            figures = f"{row['before']} | {row['after']} | {row['unit']}, {row['CPU']} | {change:+.0f} %"
            lines.append(f"| {row['part']} | {row['what']} | {figures} | {row['kept']} | {row['why']} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.relative_to(REPOSITORY)} written\n")
