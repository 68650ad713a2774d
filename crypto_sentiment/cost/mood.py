"""What the mood on AWS costs a month: the rollup, Athena's scans, S3's requests, and results put together by hour.

    python -m crypto_sentiment.cost.mood
    python -m crypto_sentiment.cost.mood --comments-per-day 1e6 --minutes 60 --coins 5

It comes on top of the bill of what scores the comments. Counted from lambda_fn/rollup/, request by request.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import typer

from crypto_sentiment.cost.assumptions import MB_PER_VCPU, Assumptions
from crypto_sentiment.cost.inputs import PRICES, read_json
from crypto_sentiment.cost.prices import PriceTable
from lambda_fn.contract import ROLLUP_MEMORY_MB, Default

DAYS = 30
TB, GB, MB = 1e12, 1e9, 1e6
# https://athena.guide/articles/athena-basics-pricing-model
LEAST_SCAN_BYTES = 10 * MB
LISTED = 1_000  # keys that one LIST brings
# Of the rollup; tests/crypto_sentiment/cost/test_mood.py sees that they are its.
LOOKED_AT_HOURS = 4
SWEEPS_A_DAY = 4
FETCHES_AT_ONCE = 16
# Assumed: µs of a whole vCPU to read a line, find its hour and pack it (21 were measured), and to pack it again when
# its hour's objects become one (15); seconds of a GET, and of a run's rest: a start now and then, listing, Athena's
# answer.
FOLD_US, COMPACT_US, GET_S, REST_S = 30.0, 20.0, 0.03, 10.0
ROLLUP_OBJECT_BYTES = 200_000  # of an hour, with some 150 coins in 60 subreddits
ALARMS = 2  # the rollup's own errors and throttles
METRICS_OF_AN_ANOMALY = 3  # an alarm on one is billed for the metric and both ends of its band


@dataclass(frozen=True)
class MoodBill:
    """coins: with a metric and an alarm each, on an anomaly or on a threshold."""

    assumptions: Assumptions
    prices: PriceTable
    minutes: int = Default.MOOD_MINUTES
    loose_days: int = Default.MOOD_LOOSE_DAYS
    coins: int = 0
    anomaly: bool = True

    @property
    def runs(self) -> float:
        """A day."""
        return 1440 / self.minutes

    @property
    def objects(self) -> float:
        """Result objects a day, one a message."""
        return self.assumptions.comments_per_day / self.assumptions.message_comments

    @property
    def queries(self) -> float:
        """A day: one of each day's hours that changed, so two in the first run after midnight."""
        return self.runs + 1

    @property
    def scanned_bytes(self) -> float:
        """A day. The hour that is now is read by every run, as far as it has come; once more when it is over."""
        hour = self.assumptions.comments_per_day * self.assumptions.result_bytes / 24
        per_hour = max(1.0, 60 / self.minutes)
        # A run reads what has come of its hour; the first one after an hour's end also the hour before.
        reads = [hour * (n + 1) / per_hour + (hour if n == 0 else 0) for n in range(math.ceil(per_hour))]
        return min(24.0, self.runs) * sum(max(LEAST_SCAN_BYTES, read) for read in reads)

    @property
    def seconds(self) -> float:
        """Of the function, a day."""
        folding = self.assumptions.comments_per_day * (FOLD_US + COMPACT_US) / 1e6 * MB_PER_VCPU / ROLLUP_MEMORY_MB
        return folding + self.objects * GET_S / FETCHES_AT_ONCE + self.runs * REST_S

    def lists(self) -> float:
        """A day: the partitions of some hours each time, all that is loose now and then, and Athena's own."""
        partition = math.ceil(self.objects / 24 / LISTED)
        everything = math.ceil(self.objects * self.loose_days / LISTED)
        return self.runs * LOOKED_AT_HOURS * partition + SWEEPS_A_DAY * everything + 3 * self.queries

    def puts(self) -> float:
        """A day: the state twice a run; of each hour that changed its lines and its rollup; Athena's answer and what
        describes it; and of the day that is over its own object and its hours' lines in one each."""
        changed = self.runs + 24
        return 2 * self.runs + 2 * changed + 2 * self.queries + 25

    def gets(self) -> float:
        """A day: each result object once; the objects of an hour's lines twice for each query, and once to make them
        one; answers and states."""
        pieces = self.runs * (60 / self.minutes + 1) / 2 + 24 * 60 / self.minutes
        return self.objects + 3 * pieces + 2 * self.runs + 24

    def parts(self) -> dict[str, float]:
        """USD a month."""
        a, charge = self.assumptions, self.prices.charge
        gb_s = DAYS * self.seconds * ROLLUP_MEMORY_MB / 1024
        loose_gb = a.comments_per_day * a.result_bytes * self.loose_days / GB
        kept_gb = ROLLUP_OBJECT_BYTES * 25 * a.result_days / GB
        alarm = METRICS_OF_AN_ANOMALY if self.anomaly else 1
        return {
            "rollup: compute": charge("lambda.duration.x86", gb_s) + charge("lambda.requests.x86", DAYS * self.runs),
            "Athena: scans": charge("athena.scan", DAYS * self.scanned_bytes / TB),
            "S3: GETs, by which result objects are put together": charge("s3.get", DAYS * self.gets()),
            "S3: LISTs and PUTs": charge("s3.put", DAYS * (self.lists() + self.puts())),
            f"S3: what lies twice for {self.loose_days} days, and rollups": charge("s3.storage", loose_gb + kept_gb),
            "schedule": charge("scheduler.invocations", DAYS * self.runs),
            "alarms on the rollup itself": charge("cloudwatch.alarm", ALARMS),
            "mood alarms": charge("cloudwatch.metric", self.coins) + charge("cloudwatch.alarm", self.coins * alarm),
        }

    def table(self) -> str:
        """Markdown. The sum is without mood alarms, which are opt-in."""
        parts = self.parts()
        asked_for = parts.pop("mood alarms")
        rows = [f"| {name} | {usd:.2f} |" for name, usd in parts.items()]
        rows.append(f"| **the mood on AWS** | **{sum(parts.values()):.2f}** |")
        if self.coins:
            rows.append(f"| mood alarms of {self.coins} coins | {asked_for:.2f} |")
        return "\n".join(["| USD a month | |", "|---|---:|", *rows])

    def alarm_price(self) -> float:
        """USD a month of one coin more."""
        alarm = METRICS_OF_AN_ANOMALY if self.anomaly else 1
        return self.prices.rate("cloudwatch.metric") + alarm * self.prices.rate("cloudwatch.alarm")


def main(
    comments_per_day: Annotated[float, typer.Option(help="comments a day")] = 10e6,
    minutes: Annotated[int, typer.Option(min=5, max=1440, help="from one rollup to the next")] = Default.MOOD_MINUTES,
    coins: Annotated[int, typer.Option(min=0, help="coins with an alarm")] = 0,
    threshold: Annotated[bool, typer.Option("--threshold", help="alarms on a threshold, not on an anomaly")] = False,
    region: Annotated[str, typer.Option(help="region of the price file")] = "us-east-1",
) -> None:
    """Say what the mood on AWS costs a month, part by part."""
    prices = PriceTable.from_dict(read_json(PRICES / f"{region}.json"))
    bill = MoodBill(Assumptions(comments_per_day=comments_per_day), prices, minutes, coins=coins, anomaly=not threshold)
    typer.echo(f"{comments_per_day:,.0f} comments a day, a rollup every {minutes} minutes:\n\n{bill.table()}")


if __name__ == "__main__":
    typer.run(main)
