"""How much one input moves the bill: the same option with one assumption changed at a time."""

from dataclasses import dataclass, replace

from crypto_sentiment.cost import breakeven
from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.cost.speed import Figure
from crypto_sentiment.cost.workload import Lengths

LEAST_SWING = 0.005  # of the bill; what moves it less is not shown
PREFERRED = ("lambda-sqs-packed-x86", "lambda-sqs-packed-arm64")


@dataclass(frozen=True)
class Sensitivity:
    """The bill in USD at a low and a high value of one input, and what those values are."""

    what: str
    low_text: str
    low_usd: float
    high_text: str
    high_usd: float

    @property
    def swing(self) -> float:
        return abs(self.high_usd - self.low_usd)


def sensitivities(comparison: Comparison) -> tuple[str, float, list[Sensitivity]]:
    """(option, its bill, inputs by falling effect) for the packed Lambda option."""
    name = next((name for name in PREFERRED if comparison.bill(name)), comparison.cheapest()[0].option)
    own = comparison.own

    def usd(scenario: Scenario) -> float:
        return breakeven.price(scenario, name).total

    def assume(**changes: object) -> float:
        assumptions = Assumptions(**(own.assumptions.model_dump() | changes))
        return usd(comparison.inputs.scenario(assumptions, own.speed.width, own.speed))

    def figure(field: str, value: float) -> float:
        return usd(replace(own, speed=own.speed.with_figure(field, Figure(value, "assumed", "varied"))))

    def longer(scale: float) -> float:
        points = tuple((tokens * scale, share) for tokens, share in own.workload.lengths.points)
        return usd(replace(own, workload=replace(own.workload, lengths=Lengths(points))))

    a, ms = own.assumptions, own.batch_ms
    rows = [
        ("comments a day", "half", assume(comments_per_day=a.comments_per_day / 2), "double",
         assume(comments_per_day=a.comments_per_day * 2)),
        ("ms per comment", f"{ms / 2:.1f}", usd(breakeven.at_ms(own, ms / 2)), f"{ms * 2:.1f}",
         usd(breakeven.at_ms(own, ms * 2))),
        ("x86 hosts", "VNNI", assume(host="vnni"), "AVX2 only", assume(host="avx2")),
        ("tokens per comment", "-25 %", longer(0.75), "+25 %", longer(1.25)),
        ("share of duplicates", "30 %", assume(duplicates=0.3), "0 %", assume(duplicates=0.0)),
        ("comments per message", "largest", assume(comments_per_message=a.largest_message_comments), "10",
         assume(comments_per_message=10)),
        ("metrics, alarms", "none", assume(metrics=0, alarms=0, dashboards=0), "30, 20",
         assume(metrics=30, alarms=20)),
        ("log bytes per invocation", "0", assume(log_bytes=0), "10 kB", assume(log_bytes=10_000)),
        ("wait for an S3 PUT", "10 ms", figure("s3_ms", 10), "100 ms", figure("s3_ms", 100)),
        ("cold start", "0.5 s", figure("init_ms", 500), "10 s", figure("init_ms", 10_000)),
        ("days of results kept", "7", assume(result_days=7), "365", assume(result_days=365)),
        ("hours in a month", "720", assume(hours_in_month=720), "730", assume(hours_in_month=730)),
        ("peak factor", "1.5", assume(peak_factor=1.5), "6", assume(peak_factor=6)),
    ]  # fmt: skip
    base = usd(own)
    found = [Sensitivity(*row) for row in rows]
    felt = [row for row in found if row.swing > LEAST_SWING * base]
    return name, base, sorted(felt, key=lambda row: -row.swing)
