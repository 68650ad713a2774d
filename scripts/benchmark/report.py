"""The results as JSON, Markdown and a picture: medians, and the spread from the least to the largest round."""

import json
import os
import platform
import statistics
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from scripts.benchmark.engines import BATCH, PREDECESSOR, PROJECT


def hardware() -> dict:
    """CPU, instruction sets, cores, what else the machine was doing, and versions."""
    from lambda_fn.model.cpu import int8_flags

    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return {
        "cpu": name,
        "int8": int8_flags(),
        "masked": {"1": "AMX hidden", "2": "AMX and VNNI hidden", "3": "AVX2 only"}.get(os.environ.get("CPU_MASK", "")),
        "cores": len(os.sched_getaffinity(0)),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "onnxruntime": version("onnxruntime"),
        "date": datetime.now(UTC).date().isoformat(),
    }


def spread(values: list[float], digits: int = 0) -> str:
    """median (least-largest)"""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def rate(row: dict, what: str) -> list[float]:
    """`what` (comments or tokens) per second of CPU in each round: other programs do not count."""
    return [r[what] / r["cpu_s"] for r in row["rounds"]]


def markdown(results: dict) -> str:
    h = results["hardware"]
    lines = ["# Benchmark", ""]
    lines.append(
        f"{h['cpu']} ({', '.join(h['int8'])}{'; ' + h['masked'] if h['masked'] else ''}), {h['cores']} cores, load "
        f"{h['load_before']:.1f} before the run, Python {h['python']}, ONNX Runtime {h['onnxruntime']}, {h['date']}. "
        f"Each engine has one thread on one core and scores the same {results['comments']} in each of "
        f"{results['rounds']} rounds, the engines by turns; slow ones fewer of them, as the table says. Peers score "
        f"padded batches of {BATCH} in the order of arrival or, where the name says so, with the comments sorted by "
        f"length. Rates are per second of CPU; medians (least-largest)."
    )
    lines += [
        "",
        "## Comments in bulk",
        "",
        "| engine | precision | comments | comments/s | tokens/s | CPU-s per million | peak MB | load s |",
    ]
    lines.append("|---|---|---:|---:|---:|---:|---:|---:|")
    for row in results["engines"]:
        if "error" in row:
            lines.append(f"| {row['engine']} | did not run: {row['error']} | | | | | | |")
            continue
        per_million = statistics.median(1e6 / value for value in rate(row, "comments"))
        precision = row.get("precision", "not recorded")
        lines.append(
            f"| {row['engine']} | {precision} | {row['rounds'][0]['comments']} | {spread(rate(row, 'comments'), 1)} | "
            f"{spread(rate(row, 'tokens'))} | "
            f"{per_million:,.0f} | {row['rounds'][-1]['peak_mb']:.0f} | {row['load_s']:.2f} |"
        )
    rows = {row["engine"]: row for row in results["engines"] if "rounds" in row}
    if PREDECESSOR in rows and PROJECT in rows:
        ratios = [
            a / b for a, b in zip(rate(rows[PROJECT], "comments"), rate(rows[PREDECESSOR], "comments"), strict=True)
        ]
        lines += ["", f"This project against the predecessor, comments per second and core: {spread(ratios, 1)} times."]
    bulk, int8 = results["bulk"], results["int8"]
    achieved = int8["encoder_tokens_s"] * int8["computed_mmac_per_token"] / 1e3
    lines += [
        "",
        f"{bulk['comments']:,} comments in one call: {bulk['comments'] / bulk['seconds']:,.0f} comments and "
        f"{bulk['tokens'] / bulk['seconds']:,.0f} tokens per second of CPU; tokenizer and "
        f"Python {bulk['tokenizer_and_python_percent']:.1f} % of it.",
        f"Encoder alone, 16 rows of 32 tokens: {int8['encoder_tokens_s']:,.0f} tokens/s, {achieved:.0f} GMAC/s in the "
        f"products of weights that the graph computes ({int8['computed_mmac_per_token']:.2f} of the network's "
        f"{int8['nominal_mmac_per_token']:.2f} million per token), {100 * achieved / int8['peak_gmac_s']:.0f} % of the "
        f"{int8['peak_gmac_s']:.0f} GMAC/s that bare MatMulInteger reaches.",
    ]
    lines += [
        "",
        "## Cold start",
        "",
        "| handler | CPU s to ready | of it imports | resident MB | slowest imports, ms |",
    ]
    lines.append("|---|---:|---:|---:|---|")
    for name, start in results["startup"].items():
        slowest = ", ".join(f"{package} {ms:.0f}" for package, ms in start["slowest_imports_ms"].items())
        columns = [spread([r[key] for r in start["rounds"]], 2) for key in ("cpu_s", "imports_cpu_s")]
        resident = spread([r["resident_mb"] for r in start["rounds"]])
        lines.append(f"| {name} | {' | '.join(columns)} | {resident} | {slowest} |")
    if "http" in results:
        lines += _http(results["http"], results["requests"])
    return "\n".join(lines) + "\n"


def _http(rows: list[dict], requests: int) -> list[str]:
    lines = ["", "## One comment per request over HTTP", "", f"{requests} requests of each kind in every round.", ""]
    lines.append("| server | workers | one user: requests/s | p50 ms | p99 ms | all but the model, ms "
                 "| 16 users: requests/s | p99 ms | first answer s |")  # fmt: skip
    lines.append("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for row in rows:

        def column(part: str, key: str, rounds=row["rounds"]) -> str:
            values = [r[part][key] for r in rounds if key in r.get(part, {})]
            return spread(values, 2) if values else ""

        single = " | ".join(column("one_user", k) for k in ("requests_per_s", "p50_ms", "p99_ms", "overhead_ms"))
        many = " | ".join(column("users_16", k) for k in ("requests_per_s", "p99_ms"))
        first = spread([r["first_answer_s"] for r in row["rounds"]], 2)
        lines.append(f"| {row['server']} | {row['workers']} | {single} | {many} | {first} |")
    one = {r["server"]: [x["one_user"]["requests_per_s"] for x in r["rounds"]] for r in rows if r["workers"] == 1}
    ratios = [a / b for a, b in zip(one["this project"], one["predecessor"], strict=True)]
    return [
        *lines,
        "",
        f"Requests per second of one user, this project against the predecessor: {spread(ratios, 1)} times.",
    ]


def write(results: dict, out: Path) -> None:
    """report.json, report.md and report.png in `out`."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(results, indent=1) + "\n")
    (out / "report.md").write_text(markdown(results))
    rows = [row for row in results["engines"] if "rounds" in row][::-1]
    medians = [statistics.median(rate(row, "comments")) for row in rows]
    figure, axes = plt.subplots(figsize=(9, 0.5 * len(rows) + 1.2))
    colours = ["#d95f02" if row["engine"].startswith(PROJECT) else "#7f8fa6" for row in rows]
    bars = axes.barh([row["engine"] for row in rows], medians, color=colours)
    axes.bar_label(bars, [f" {value:,.0f}" for value in medians])
    axes.set_xlabel("comments per second and core (median)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(out / "report.png", dpi=120)
    plt.close(figure)
