"""The answer on one screen: Lambda against Fargate, what packing changes, and where they cross."""

from crypto_sentiment.cost import breakeven
from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.findings import answer
from crypto_sentiment.cost.prices import SAVINGS_PLANS
from crypto_sentiment.cost.report.deployed_by import deployed_by
from crypto_sentiment.cost.report.sections import Section, comparison_pairs, largest_parts, usd

Latencies = dict[str, tuple[float, float]]
SINGLE = (
    "lambda-http-single-x86", "lambda-url-single-x86", "lambda-alb-single-x86", "lambda-rest-single-x86",
    "fargate-alb-x86", "fargate-alb-spot",
)  # fmt: skip
PACKED = (
    "lambda-http-batch-x86", "lambda-url-batch-x86", "lambda-sqs-packed-x86", "lambda-sqs-large-x86", "fargate-sqs-x86",
    "fargate-sqs-spot",
)  # fmt: skip


def headline(comparison: Comparison, latencies: Latencies) -> list[Section]:
    """Answer, two tables and the crossings."""
    volume = comparison.assumptions.comments_per_day
    old = comparison.changed(host="avx2")
    title = f"{volume:,.0f} requests a day, one comment each: Lambda against Fargate"
    first = _table(title, SINGLE, comparison, old, latencies)
    packed = _table("What packing changes: many comments a call or message", PACKED, comparison, old, latencies)
    packed.text = [premises(comparison)]
    return [Section("Answer", [answer(comparison)]), first, packed, crossings(comparison)]


def _table(title: str, options: tuple[str, ...], new: Comparison, old: Comparison, latencies: Latencies) -> Section:
    """A column for each kind of host, and one for the mix where it is known."""
    share = new.assumptions.vnni_share
    mix = [] if share is None else [f"{share:.0%} VNNI"]
    hosts = (new.changed(host="vnni"), old)
    section = Section(title, columns=["USD a month", "VNNI", "AVX2", *mix, "p50", "p99", "mostly", "cdk deploy -c"])
    for name in options:
        bill = next((b for b in new.bills[new.own.speed.width] if b.option == name), None)
        if not bill:
            continue
        if not bill.lines:
            section.rows.append([bill.title, "-", "-", *("-" for _ in mix), "", "", f"cannot: {bill.note}", ""])
            continue
        p50, p99 = latencies.get(name, (None, None))
        bills = [*(host.bill(name) for host in hosts), *([bill] if mix else [])]
        prices = [usd(b.total) if b else "-" for b in bills]
        given = deployed_by(new, bill)
        section.rows.append([bill.title, *prices, seconds(p50), seconds(p99), largest_parts(bill, 2), given])
    return section


def seconds(value: float | None) -> str:
    """A time as a person says it."""
    if value is None:
        return ""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"


def premises(comparison: Comparison) -> str:
    """What decides, in one line."""
    own, a, prices = comparison.own, comparison.assumptions, comparison.inputs.prices
    worker, fleet = comparison.bill("fargate-sqs-x86"), comparison.bill("fargate-alb-x86")
    parts = [
        "VNNI: hosts with AVX512-VNNI; AVX2: all that Lambda promises, "
        f"{own.speed.host_factors['avx2'].value:g} times the time",
        f"Spot: {a.spot_share:.0%} of whole tasks at {own.spot_discount:.0%} off, which floats",
        f"a mean comment {own.batch_ms:.2f} ms of a vCPU",
        *(f"{what} {_tasks(bill)}" for what, bill in (("workers", worker), ("API fleet", fleet)) if bill),
        f"logs {a.log_days} days, results {a.result_days} days, window {a.batching_window_s:g} s",
        SAVINGS_PLANS[prices.savings_plan],
        f"free tier {'on' if prices.free_tier else 'off'}",
    ]
    return "; ".join(parts) + ". Latency is simulated, without the network between; of a queue with packing."


def _tasks(bill: Bill) -> str:
    facts = bill.facts
    size = f" of {facts['task vCPUs']:g} vCPU" if "task vCPUs" in facts else ""
    return f"at most {facts['tasks, most']:.0f} tasks{size}, {facts['utilisation']:.0%} used"


def crossings(comparison: Comparison) -> Section:
    """At which volume the cheaper of two ways changes."""
    section = Section("Where they cross", columns=["from (comments a day)", "USD a month", "gets cheaper", "than"])
    names = {bill.option: bill.title for bill in comparison.bills[comparison.own.speed.width]}
    for pair in comparison_pairs(comparison):
        for point in breakeven.volume_crossings(comparison.own, *pair):
            cells = [f"{point.value:,.0f}", usd(point.usd or 0), names[point.cheaper], names[point.dearer]]
            section.rows.append(cells)
    return section


# One assumption at its worst plausible value: what, and what changes.
WORST: tuple[tuple[str, dict], ...] = (
    ("as assumed", {}),
    ("every host has AVX2 only", {"host": "avx2"}),
    ("Spot is 30 % off", {"spot_discount": 0.3}),
    ("no Spot to be had", {"spot_share": 0.0}),
    ("the peak is six times the mean", {"peak_factor": 6}),
    ("workers can be planned for 60 % use only", {"worker_utilisation": 0.6}),
    ("messages hold 50 comments", {"comments_per_message": 50}),
    ("a result takes 80 bytes", {"result_bytes": 80}),
    ("a bulk invocation logs 3 kB", {"log_bytes": 3000}),
    ("an environment lives 15 minutes", {"environment_life_min": 15}),
)


def worst_case(comparison: Comparison) -> Section:
    """The winner of each kind when one assumption is at its worst plausible value: does it stay?"""
    section = Section("Does the winner stay? One assumption at its worst plausible value")
    section.columns = ["assumption", "one comment a request", "USD", "packed, on a queue", "USD"]
    for what, changes in WORST:
        changed = comparison.changed(**changes)
        cells = [what]
        for names in (SINGLE, QUEUED):
            bills = [bill for name in names if (bill := changed.bill(name))]
            best = min(bills, key=lambda bill: bill.total) if bills else None
            cells += [best.title, usd(best.total)] if best else ["none", "-"]
        section.rows.append(cells)
    return section


QUEUED = ("lambda-sqs-packed-x86", "lambda-sqs-large-x86", "fargate-sqs-x86", "fargate-sqs-spot")
