"""The plots, as PNG."""

import io

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from crypto_sentiment.cost import breakeven
from crypto_sentiment.cost.bill import PARTS
from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.report.sections import comparison_pairs
from crypto_sentiment.cost.sensitivity import sensitivities

TITLES = {
    "cost_by_volume": "Monthly cost against comments a day, with crossover points",
    "cost_by_ms": "Monthly cost against milliseconds per comment",
    "cost_by_utilisation": "Cost of a used vCPU-hour against utilisation",
    "tornado": "What the bill depends on most",
    "bill_by_part": "The bill of each option by part",
}
# What the lines are called: at most eight, in the order of the legend, and told apart by colour and dash.
LINES: dict[str, tuple[str, str, str]] = {
    "lambda-http-single-x86": ("Lambda, HTTP API, one comment a call", "#d62728", "-"),
    "fargate-alb-x86": ("Fargate behind a load balancer", "#1f77b4", "-"),
    "lambda-url-single-x86": ("Lambda, Function URL, one comment a call", "#ff7f0e", "-"),
    "bedrock": ("a small LLM in batch (Bedrock)", "#7f7f7f", ":"),
    "lambda-http-batch-x86": ("Lambda, HTTP API, many comments a call", "#d62728", "--"),
    "lambda-sqs-packed-x86": ("Lambda from a queue", "#2ca02c", "-"),
    "fargate-sqs-x86": ("Fargate workers on a queue", "#17becf", "--"),
    "fargate-sqs-spot": ("Fargate workers on a queue, Spot", "#17becf", ":"),
}
plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
                     "grid.color": "#e6e9ed", "axes.axisbelow": True, "legend.frameon": False})  # fmt: skip


def draw_all(comparison: Comparison) -> dict[str, bytes]:
    """PNG by name; see TITLES."""
    return {
        "cost_by_volume": cost_by_volume(comparison),
        "cost_by_ms": cost_by_ms(comparison),
        "cost_by_utilisation": cost_by_utilisation(comparison),
        "tornado": tornado(comparison),
        "bill_by_part": bill_by_part(comparison),
    }


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    return out.getvalue()


def _style(name: str) -> dict:
    label, color, dash = LINES[name]
    return {"label": label, "color": color, "linestyle": dash, "linewidth": 1.8}


def _price_or_gap(scenario, name: str) -> float:
    try:
        return breakeven.price(scenario, name).total
    except CostError:
        return float("nan")


def _budget(axes: Axes, comparison: Comparison) -> None:
    axes.axhline(comparison.assumptions.budget, color="#333333", linewidth=0.8, linestyle=(0, (1, 2)))
    axes.annotate(f"budget ${comparison.assumptions.budget:,.0f}", (0.995, comparison.assumptions.budget),
                  xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)  # fmt: skip


def _names(comparison: Comparison) -> list[str]:
    return [name for name in LINES if comparison.bill(name)]


def cost_by_volume(comparison: Comparison) -> bytes:
    """Eight ways from ten thousand to a billion comments a day; crossings of the named pairs are numbered."""
    figure, axes = plt.subplots(figsize=(11, 6.5))
    volumes = np.geomspace(*breakeven.DAILY, 50)
    for name in _names(comparison):
        costs = [_price_or_gap(breakeven.at_volume(comparison.own, volume), name) for volume in volumes]
        axes.plot(volumes, costs, **_style(name))
    notes, number = [], 0
    for pair in comparison_pairs(comparison):
        for point in breakeven.volume_crossings(comparison.own, *pair):
            number += 1
            if point.usd is None:
                continue
            axes.plot(point.value, point.usd, "o", color="black", markersize=4)
            axes.annotate(
                str(number), (point.value, point.usd), xytext=(5, -11), textcoords="offset points", weight="bold"
            )
            notes.append(
                f"{number}: from {point.value / 1e6:,.1f} million a day {LINES[point.cheaper][0]} is cheaper than "
                f"{LINES[point.dearer][0]}"
            )
    _budget(axes, comparison)
    volume = comparison.assumptions.comments_per_day
    axes.axvline(volume, color="#999999", linewidth=0.8)
    ends = sorted((bill.total, name) for name in _names(comparison) if (bill := comparison.bill(name)))
    said = "\n".join(f"${usd:,.0f}  {LINES[name][0]}" for usd, name in reversed(ends))
    axes.text(0.99, 0.02, f"at {volume:,.0f} a day, USD:\n{said}", transform=axes.transAxes, fontsize=8, va="bottom",
              ha="right", bbox={"facecolor": "white", "edgecolor": "#cccccc", "alpha": 0.9})  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="comments a day", ylabel="USD a month", title=TITLES["cost_by_volume"])
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8)
    axes.text(0.01, 0.99, "\n".join(notes), transform=axes.transAxes, fontsize=7.5, va="top",
              bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8})  # fmt: skip
    return _png(figure)


def cost_by_ms(comparison: Comparison) -> bytes:
    """The project's own options against the speed of the model."""
    figure, axes = plt.subplots(figsize=(9, 5.5))
    speeds = np.geomspace(0.5, 60, 40)
    names = [name for name in _names(comparison) if name != "bedrock"]
    for name in names:
        costs = [_price_or_gap(breakeven.at_ms(comparison.own, ms), name) for ms in speeds]
        axes.plot(speeds, costs, **_style(name))
    for width, scenario in comparison.scenarios.items():
        axes.axvline(scenario.batch_ms, color="#999999", linewidth=0.8)
        axes.annotate(f"{width}-wide", (scenario.batch_ms, 0.99), xycoords=("data", "axes fraction"), rotation=90,
                      va="top", ha="right", fontsize=8)  # fmt: skip
    _budget(axes, comparison)
    axes.set(xscale="log", yscale="log", xlabel="ms of one vCPU for the mean comment, in a batch", ylabel="USD a month",
             title=TITLES["cost_by_ms"])  # fmt: skip
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=7.5)
    return _png(figure)


def cost_by_utilisation(comparison: Comparison) -> bytes:
    """Lambda bills work, Fargate bills time: where the two meet."""
    figure, axes = plt.subplots(figsize=(8, 4.8))
    prices = comparison.inputs.prices
    use = np.linspace(0.08, 1, 200)
    for architecture, dash in (("x86", "-"), ("arm64", "--")):
        on_demand = breakeven.lambda_vcpu_hour(prices, architecture)
        standing = breakeven.fargate_vcpu_hour(prices, architecture)
        ratio = prices.rate(f"lambda.provisioned.{architecture}") / prices.rate(f"lambda.duration.{architecture}")
        work = prices.rate(f"lambda.provisioned_duration.{architecture}") / prices.rate(
            f"lambda.duration.{architecture}"
        )
        axes.plot(use, np.full_like(use, on_demand), dash, color="#d62728", label=f"Lambda {architecture}")
        axes.plot(
            use, on_demand * (work + ratio / use), dash, color="#ff7f0e", label=f"Lambda {architecture}, provisioned"
        )
        axes.plot(use, standing / use, dash, color="#1f77b4", label=f"Fargate {architecture}")
        cross = breakeven.fargate_utilisation(prices, architecture)
        axes.plot(cross, on_demand, "o", color="black", markersize=4)
        axes.annotate(f"{cross:.0%}", (cross, on_demand), xytext=(4, 5), textcoords="offset points", weight="bold")
    cross = breakeven.provisioned_utilisation(prices, "x86")
    axes.plot(cross, breakeven.lambda_vcpu_hour(prices, "x86"), "o", color="black", markersize=4)
    axes.annotate(f"provisioned {cross:.0%}", (cross, breakeven.lambda_vcpu_hour(prices, "x86")), xytext=(4, 5),
                  textcoords="offset points", weight="bold")  # fmt: skip
    axes.set(ylim=(0, 0.4), xlabel="share of its time that a vCPU is busy", ylabel="USD per busy vCPU-hour",
             title=TITLES["cost_by_utilisation"])  # fmt: skip
    axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1))
    axes.legend(fontsize=8)
    return _png(figure)


def tornado(comparison: Comparison) -> bytes:
    """The packed Lambda option with one input changed at a time."""
    name, base, rows = sensitivities(comparison)
    figure, axes = plt.subplots(figsize=(8.5, 0.36 * len(rows) + 1.4))
    for position, row in enumerate(reversed(rows)):
        for text, cost, color in ((row.low_text, row.low_usd, "#1f77b4"), (row.high_text, row.high_usd, "#d62728")):
            axes.barh(position, cost - base, left=base, color=color, height=0.62, alpha=0.85)
            side = "left" if cost > min(row.low_usd, row.high_usd) else "right"
            axes.annotate(f" {text} ", (cost, position), ha=side, va="center", fontsize=7.5)
    axes.axvline(base, color="black", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [row.what for row in reversed(rows)])
    axes.margins(x=0.18)
    axes.set(xlabel=f"USD a month ({name}, now ${base:,.2f})", title=TITLES["tornado"])
    return _png(figure)


def bill_by_part(comparison: Comparison) -> bytes:
    """Stacked bars of the ways that LINES names, cheapest at the bottom."""
    bills = [bill for bill in comparison.cheapest(count=99) if bill.option in LINES]
    figure, (axes, zoom) = plt.subplots(
        1, 2, figsize=(12.5, 0.4 * len(bills) + 1.6), sharey=True, width_ratios=(2, 1.3)
    )
    colors = dict(zip(PARTS, mpl.colormaps["tab20"](range(20)), strict=False))
    for panel in (axes, zoom):
        left = np.zeros(len(bills))
        for part in PARTS:
            values = np.array([bill.parts.get(part, 0.0) for bill in bills])
            if values.any():
                panel.barh([LINES[bill.option][0] for bill in bills], values, left=left, color=colors[part], label=part)
                left += values
        panel.axvline(comparison.assumptions.budget, color="#333333", linewidth=0.8, linestyle=(0, (1, 2)))
        panel.set_xlabel("USD a month")
    zoom.set_xlim(0, 2 * comparison.assumptions.budget)
    axes.set_title(TITLES["bill_by_part"])
    zoom.set_title(f"the same, to ${2 * comparison.assumptions.budget:,.0f}")
    axes.legend(fontsize=8, loc="lower right")
    return _png(figure)
