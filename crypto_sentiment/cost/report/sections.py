"""What every report says, in order: paragraphs and tables, with no markup."""

import math
from dataclasses import dataclass, field

from crypto_sentiment.cost import breakeven, predecessor
from crypto_sentiment.cost.bill import PARTS, Bill
from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.findings import findings
from crypto_sentiment.cost.prices import SAVINGS_PLANS
from crypto_sentiment.cost.speed import WIDTHS, Figure

GROUP_TITLES = {
    "single": "Every way of {volume:,.0f} single requests a day",
    "packed": "Every way with many comments per call or message",
    "reference": "For reference: what others sell (USD a million comments in the last column)",
}
ITEMISED = 5


@dataclass
class Section:
    """A heading with paragraphs, then perhaps a table (`columns`, `rows`) and a plot (its name)."""

    title: str
    text: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    plots: list[str] = field(default_factory=list)


def usd(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    return f"{value:,.2f}" if value < 10_000 else f"{value:,.0f}"


def verdict(bill: Bill, budget: float) -> str:
    """PASS or FAIL against the budget; "cannot" where it does not run: its note says why."""
    if not bill.lines:
        return "cannot"
    return "PASS" if bill.total <= budget else "FAIL"


def largest_parts(bill: Bill, count: int = 3) -> str:
    """The largest parts of a bill in whole dollars."""
    if not bill.lines:
        return bill.note
    parts = sorted(bill.parts.items(), key=lambda item: -item[1])[:count]
    return ", ".join(f"{part} {value:,.0f}" if value >= 1 else f"{part} {value:.2f}" for part, value in parts)


def further_sections(comparison: Comparison) -> list[Section]:
    """The full report, after its first screen (headline.py)."""
    return [
        *(group_section(comparison, group) for group in GROUP_TITLES),
        itemised(comparison),
        Section("Three findings", findings(comparison)),
        break_even(comparison),
        avx2(comparison),
        claim(comparison),
        assumptions(comparison),
    ]


def group_section(comparison: Comparison, group: str) -> Section:
    """One row per option: USD a month and the verdict, for both widths."""
    budget = comparison.assumptions.budget
    columns = ["USD a month"] + [column for width in WIDTHS for column in (f"{width}-wide", "")]
    section = Section(GROUP_TITLES[group].format(volume=comparison.assumptions.comments_per_day))
    section.columns = [*columns, "a million" if group == "reference" else f"mostly ({WIDTHS[0]}-wide)"]
    for bills in comparison.group(group):
        cells = [cell for b in bills for cell in (usd(b.total) if b.lines else "-", verdict(b, budget))]
        million = comparison.own.workload.comments / 1e6
        last = usd(bills[0].total / million) if group == "reference" else largest_parts(bills[0])
        section.rows.append([bills[0].title, *cells, last])
    section.plots = {"single": ["bill_by_part"], "packed": ["cost_by_volume"]}.get(group, [])
    return section


def itemised(comparison: Comparison) -> Section:
    """The cheapest bills part by part."""
    bills = comparison.cheapest(count=ITEMISED)
    section = Section(f"The {ITEMISED} cheapest, part by part ({WIDTHS[0]}-wide)", plots=["cost_by_ms"])
    section.columns = ["USD a month", *(bill.option for bill in bills)]
    for part in PARTS:
        if any(part in bill.parts for bill in bills):
            section.rows.append([part, *(usd(bill.parts.get(part, 0.0)) for bill in bills)])
    section.rows.append(["total", *(usd(bill.total) for bill in bills)])
    weak = sorted({key for bill in bills for key in bill.weak_keys()})
    for key in weak:
        row = comparison.inputs.prices.row(key)
        kind = {"S": "from a secondary source", "R": "from memory"}[row.mark]
        section.text.append(f"Note: {key} ({row.first_rate:g} USD per {row.unit}) decides here and is {kind}.")
    return section


def break_even(comparison: Comparison) -> Section:
    """Break-even points as numbers."""
    prices, own, budget = comparison.inputs.prices, comparison.own, comparison.assumptions.budget
    rows = []
    for architecture in ("x86", "arm64"):
        use = breakeven.fargate_utilisation(prices, architecture)
        rows.append([f"Fargate costs less than Lambda per vCPU, {architecture}", f"above {use:.1%} use"])
    use = breakeven.provisioned_utilisation(prices, "x86")
    rows.append(["Provisioned concurrency costs less than on demand", f"above {use:.1%} use"])
    rows.append(
        ["Lambda on arm64 costs less than on x86", f"below {breakeven.graviton_factor(prices):.2f} times the time"]
    )
    for first, second in comparison_pairs(comparison):
        points = breakeven.volume_crossings(own, first, second)
        for point in points:
            rows.append([f"{point.cheaper} gets cheaper than {point.dearer}", volume_text(point)])
        left, right = comparison.bill(first), comparison.bill(second)
        if not points and left and right:
            low = first if left.total < right.total else second
            rows.append([f"{first} or {second}", f"{low} is cheaper from 10 thousand to 1 billion comments a day"])
    for name in ("lambda-url-single-x86", "lambda-sqs-packed-x86", "fargate-alb-x86", "fargate-sqs-x86"):
        if comparison.bill(name):
            ms = breakeven.ms_at_budget(own, name, budget)
            text = f"at {ms:.2f} ms of vCPU a comment (now {own.batch_ms:.2f})" if ms else "with an instant model too"
            rows.append([f"{name} costs over ${budget:,.0f}", text])
    for name in ("lambda-http-batch-x86", "lambda-rest-batch-x86"):
        if comparison.bill(name):
            size = breakeven.comments_per_call_at_budget(comparison, name)
            rows.append(
                [f"{name} fits ${budget:,.0f}", f"from {size} comments a call" if size else "with no call size"]
            )
    return Section("Break-even points", columns=["what", "where"], rows=rows, plots=["cost_by_utilisation", "tornado"])


def comparison_pairs(comparison: Comparison) -> list[tuple[str, str]]:
    """Pairs whose crossing in volume is worth naming, where both are listed."""
    pairs = [
        ("lambda-http-single-x86", "fargate-alb-x86"),
        ("lambda-url-single-x86", "fargate-alb-x86"),
        ("lambda-sqs-packed-x86", "fargate-sqs-x86"),
        ("lambda-sqs-packed-x86", "fargate-sqs-spot"),
    ]
    return [pair for pair in pairs if all(map(comparison.bill, pair))]


def volume_text(point: breakeven.Crossing) -> str:
    return f"at {point.value:,.0f} {point.unit} (${usd(point.usd or 0)})"


def avx2(comparison: Comparison) -> Section:
    """The cheapest options if every x86 host has AVX2 only, which is all that AWS promises."""
    changed = comparison.changed(host="avx2")
    factor = comparison.own.speed.host_factors["avx2"]
    section = Section(
        "If every x86 host has AVX2 only", [f"Time factor {factor.value:g}, {factor.basis}: {factor.source}."]
    )
    section.columns = ["USD a month", f"{WIDTHS[0]}-wide", ""]
    budget = comparison.assumptions.budget
    x86 = [
        bill for bill in changed.cheapest(count=99) if "arm64" not in bill.option and bill.option != "lambda-managed"
    ]
    section.rows = [[b.title, usd(b.total), verdict(b, budget)] for b in x86]
    return section


def claim(comparison: Comparison) -> Section:
    """The predecessor's figure, rebuilt."""
    section = Section(
        "The predecessor's $130 a month",
        [
            "It measured 51.1 requests/s of fp32 PyTorch with one user on a developer's machine and wants 116/s, 348/s "
            "at the peak. It gives no arithmetic; this reconstruction meets its figure."
        ],
        ["reading", "tasks", "USD a month"],
    )
    steps = predecessor.reconstruct(comparison.inputs.prices)
    if "fp32_768_ms_per_token" in comparison.inputs.benchmark:
        figure = Figure.from_dict("fp32_768_ms_per_token", comparison.inputs.benchmark["fp32_768_ms_per_token"])
        steps.append(predecessor.with_this_model(comparison.scenarios[WIDTHS[1]], figure))
    section.rows = [[step.what, f"{step.tasks:.3g}", usd(step.usd)] for step in steps]
    return section


def assumptions(comparison: Comparison) -> Section:
    """Every figure of the benchmark with its basis, then the inputs that were set."""
    section = Section("Where the figures come from", columns=["figure", "value", "basis", "source"])
    for width, scenario in comparison.scenarios.items():
        speed = scenario.speed
        for name in ("call_ms", "single_ms_per_token", "batch_ms_per_token"):
            figure: Figure = getattr(speed, name)
            section.rows.append([f"{name}, {width}-wide", f"{figure.value:.4g}", figure.basis, figure.source])
    speed = comparison.own.speed
    named = {name: getattr(speed, name) for name in ("http_ms", "invoke_ms", "s3_ms", "init_ms")}
    named |= {f"host factor {name}": figure for name, figure in speed.host_factors.items()}
    section.rows += [[name, f"{figure.value:g}", figure.basis, figure.source] for name, figure in named.items()]
    workload, prices = comparison.own.workload, comparison.inputs.prices
    section.text = [
        f"Mean comment: {workload.lengths.mean:.1f} tokens, {comparison.own.batch_ms:.2f} ms of one vCPU in a batch. "
        f"Busiest hour {max(workload.hourly):.2f} times the mean; fleets with a latency target are sized for "
        f"{workload.peak_factor:g} times. A month has {workload.hours_in_month} hours. The free tier is "
        f"{'on' if prices.free_tier else 'off'}; {SAVINGS_PLANS[prices.savings_plan]}."
    ]
    return section
