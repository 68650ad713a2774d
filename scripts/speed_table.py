"""Writes docs/SPEED.md: what was tried for speed (docs/speed_experiments.csv), the failures too, and where the
encoder's time goes (docs/speed_operators.json).

python -m scripts.speed_table
"""

import csv
import json
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
EXPERIMENTS, OPERATORS, PAGE = (
    REPOSITORY / "docs" / n for n in ("speed_experiments.csv", "speed_operators.json", "SPEED.md")
)

INTRODUCTION = """# What was learned about speed

Nearly all of the time is the ONNX session, so what counts is a smaller network, int8 products that the CPU has
instructions for, and batches of comments of similar length that fit the L2 cache. A graph written in ONNX Runtime's own
fused operators runs half as fast again as the quantizer's, and not every fused operator is the faster one: each has to
be timed. What remains is ONNX Runtime's own work between the products, which only a smaller network or another engine
would save.

## The lab book

One thread, ONNX Runtime 1.32, the 6-layer, 384-wide model; each pair measured by turns in one run, best of several
rounds, CPU time. "VNNI": an Intel Xeon with AVX512-VNNI, its AMX hidden (`scripts/benchmark/cpumask.c`), because
Lambda's CPUs have none. "Zen 4": an AMD EPYC with AVX512-VNNI and no AMX. The comparison with the predecessor and the
peers is in [benchmark/](benchmark/report.md).

This page is written by `python -m scripts.speed_table` from [speed_experiments.csv](speed_experiments.csv) and
[speed_operators.json](speed_operators.json). `python -m scripts.benchmark.variants` measures again what has "16 x 32"
on Zen 4, `python -m scripts.benchmark.process_experiments` what has to do with the process, and
`python -m scripts.benchmark.operators` the second table. On Zen 4 pairs within 3 % of each other are the same: so much
differs from run to run.
"""

PRODUCTS = "MatMulIntegerToFloat"
WHAT = {
    PRODUCTS: "the int8 products, their scales and biases",
    "Attention": "queries by keys, softmax, by values, in fp32",
    "Gelu": "of the feed-forward's 1,536 features",
    "LayerNormalization": "",
    "QuantizeLinear": "activations to u8",
    "Add": "residuals, and the outliers' part",
    "Gather": "of embeddings, and of the outlier features",
    "Mul": "smoothing factors",
    "MatMul": "the outlier features' fp32 products",
}


def experiments_table(experiments: Path = EXPERIMENTS) -> list[str]:
    lines = ["| part | what | before | after | | change | kept | why |", "|---|---|---:|---:|---|---:|---|---|"]
    with experiments.open(newline="") as file:
        for row in csv.DictReader(file):
            change = 100 * (float(row["after"]) / float(row["before"]) - 1)
            figures = f"{row['before']} | {row['after']} | {row['unit']}, {row['CPU']} | {change:+.0f} %"
            lines.append(f"| {row['part']} | {row['what']} | {figures} | {row['kept']} | {row['why']} |")
    return lines


def operators_table(operators: Path = OPERATORS) -> list[str]:
    """Where one batch's time goes, and how near to the int8 peak that leaves the encoder."""
    m = json.loads(operators.read_text())
    h, kinds, run_us = m["hardware"], m["operators_us"], m["run_us"]
    tokens, peak = m["rows"] * m["tokens"], m["peak_gmac_s"]
    gmac = tokens * m["computed_mmac_per_token"] / 1e3
    products_us = kinds[PRODUCTS]
    whole, alone = gmac / run_us * 1e6, gmac / products_us * 1e6
    large = {kind: us for kind, us in kinds.items() if us >= run_us / 200}
    rest = {"all others": sum(kinds.values()) - sum(large.values())}
    rows = [
        f"| {kind} | {WHAT.get(kind, '')} | {us:,.0f} | {100 * us / run_us:.1f} % |"
        for kind, us in (large | rest).items()
    ]
    left_us = max(0.0, gmac / (0.6 * peak) * 1e6 - products_us)
    return [
        f"""
## Where the encoder's time goes

One batch of {m["rows"]} x {m["tokens"]} tokens on one thread: {h["cpu"]} ({", ".join(h["int8"])}), ONNX Runtime
{h["onnxruntime"]}, {h["date"]}; 10th percentile of many runs.

| operator | | µs | of the run |
|---|---|---:|---:|""",
        *rows,
        f"""| whole run | | {run_us:,.0f} | |

The products are {gmac:.2f} GMAC. Bare MatMulInteger reaches {peak:.0f} GMAC/s on this core, the encoder as a whole
{whole:.0f}: {100 * whole / peak:.0f} % of it. If everything but the products cost nothing, it would be {alone:.0f}
GMAC/s, {100 * alone / peak:.0f} %: the rest is the products' own (packing of activations, scales and biases, shapes
smaller than the peak's). With the products as they are, 60 % of the peak leaves {left_us:,.0f} µs for all other
operators, which take {run_us - products_us:,.0f} µs.""",
    ]


def put(rows: list[dict[str, str]], experiments: Path = EXPERIMENTS) -> None:
    """Write measured rows into the table, each over the one with the same `what`; `kept` and `why` stay as they are.

    A row that is new has to be told by a person whether it is kept, and why.
    """
    with experiments.open(newline="") as file:
        reader = csv.DictReader(file)
        columns, lines = reader.fieldnames, list(reader)
    known = {line["what"]: line for line in lines}
    for row in rows:
        if row["what"] not in known:
            known[row["what"]] = dict.fromkeys(columns, "") | {"kept": "no"}
            lines.append(known[row["what"]])
        known[row["what"]] |= row
    with experiments.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def page() -> str:
    """The page as Markdown."""
    return "\n".join([INTRODUCTION, *experiments_table(), *operators_table()]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.relative_to(REPOSITORY)} written\n")
