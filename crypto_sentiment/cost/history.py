"""What it costs to score history once, a billion comments: five ways of running it, hours and dollars, and who wins.

    python -m crypto_sentiment.cost.history
    python -m crypto_sentiment.cost.history --comments 50e6 --vcpus 256 --host avx2

Not a month's bill but one job's: nothing stands before it or after it. All five read comments from S3 and write one
row each back; what differs is what a vCPU costs, what it brings along, and what it takes to start.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from crypto_sentiment.cost.assumptions import MB_PER_VCPU, Assumptions
from crypto_sentiment.cost.inputs import Inputs, spark_share
from crypto_sentiment.cost.scenario import Scenario

PRICES = Path(__file__).parent / "prices" / "us-east-1.json"

MACHINE, MACHINE_VCPUS = "ec2.c7a.16xlarge", 64
# A task of one vCPU has 2 GB at least; EMR Serverless's worker of four 8 GB.
# https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-behavior.html#worker-configs
GB_PER_VCPU = 2
DRIVER_VCPUS, DRIVER_GB = 2, 8
COMMENTS_PER_MESSAGE = 1_500  # what fits into the 256 KB that four SQS requests carry, at the mean comment
COMMENTS_PER_OBJECT = 100_000  # of Parquet: a Spark task's output
# Seconds that are paid before the first comment is scored: workers that pull an environment of 200 MB, a machine that
# boots and installs. A Lambda's start is part of its invocations and vanishes in them.
START_S = {"emr": 120.0, "fargate": 60.0, "machine": 180.0}


@dataclass(frozen=True)
class Way:
    """vcpus: at work at once. hours: from start to end. usd: of the whole job, by part."""

    name: str
    title: str
    vcpus: int
    hours: float
    parts: dict[str, float]

    @property
    def usd(self) -> float:
        return sum(self.parts.values())


@dataclass(frozen=True)
class History:
    """One job. spark_share: comments a second and core on Spark, of the bare classifier's (measured)."""

    scenario: Scenario
    comments: float
    vcpus: int
    spark_share: float

    def vcpu_hours(self, share: float = 1.0) -> float:
        """Of scoring alone. No text is taken for known: a job's tasks know nothing of each other."""
        scenario = self.scenario
        ms = scenario.speed.batch_ms(scenario.workload.lengths) * scenario.host_factor("x86")
        return self.comments * ms / 3.6e6 / share

    def charge(self, key: str, quantity: float) -> float:
        return self.scenario.prices.charge(key, quantity)

    def objects(self, per_object: float) -> float:
        """USD for writing the results, and reading the comments, as objects of that many comments."""
        return self.charge("s3.put", self.comments / per_object) + self.charge("s3.get", self.comments / per_object)

    def emr(self) -> Way:
        hours = self.vcpu_hours(self.spark_share) / self.vcpus + START_S["emr"] / 3600
        cpu = self.charge("emr_serverless.vcpu.x86", (self.vcpus + DRIVER_VCPUS) * hours)
        memory = self.charge("emr_serverless.memory.x86", (self.vcpus * GB_PER_VCPU + DRIVER_GB) * hours)
        parts = {"vCPUs": cpu, "memory": memory, "S3": self.objects(COMMENTS_PER_OBJECT)}
        return Way("emr", "EMR Serverless", self.vcpus, hours, parts)

    def function(self) -> Way:
        """Lambda from SQS, one vCPU an invocation, ten messages each."""
        busy = self.vcpu_hours()
        messages = self.comments / COMMENTS_PER_MESSAGE
        invocations = messages / 10
        seconds = busy * 3600 + invocations * self.scenario.speed.invoke_ms.value / 1000
        seconds += messages * self.scenario.speed.s3_ms.value / 1000
        parts = {
            "vCPUs and memory": self.charge("lambda.duration.x86", seconds * MB_PER_VCPU / 1024),
            "requests": self.charge("lambda.requests.x86", invocations),
            # Four requests of 64 KB to send a message and four to receive it, a tenth to delete it.
            "SQS": self.charge("sqs.requests", messages * 8.1),
            "S3": self.objects(COMMENTS_PER_MESSAGE),
        }
        return Way("lambda", "Lambda from SQS", self.vcpus, seconds / 3600 / self.vcpus, parts)

    def fargate_spot(self) -> Way:
        """Tasks of one vCPU on the queue. Spot throughout: what is interrupted comes back to the queue."""
        hours = self.vcpu_hours() / self.vcpus + START_S["fargate"] / 3600
        share = 1 - self.scenario.prices.rate("fargate.spot_discount")
        messages = self.comments / COMMENTS_PER_MESSAGE
        parts = {
            "vCPUs": self.charge("fargate.vcpu.x86", self.vcpus * hours) * share,
            "memory": self.charge("fargate.memory.x86", self.vcpus * GB_PER_VCPU * hours) * share,
            "IPv4": self.charge("ipv4.hour", self.vcpus * hours),
            "SQS": self.charge("sqs.requests", messages * 8.1),
            "S3": self.objects(COMMENTS_PER_MESSAGE),
        }
        return Way("fargate-spot", "Fargate Spot from SQS", self.vcpus, hours, parts)

    def ec2_spot(self) -> Way:
        """Spark on Spot machines, which may be taken away: their tasks run again elsewhere."""
        machines = max(1, round(self.vcpus / MACHINE_VCPUS))
        share = 1 - self.scenario.prices.rate("ec2.spot_discount")
        return self._machines("ec2-spot", "EC2 Spot, Spark", machines, self.spark_share, share)

    def machine(self) -> Way:
        """`crypto-sentiment score` with as many processes as cores, on demand."""
        return self._machines("machine", "one 64-core machine, on demand", 1, 1.0, 1.0)

    def _machines(self, name: str, title: str, count: int, efficiency: float, share: float) -> Way:
        hours = self.vcpu_hours(efficiency) / (count * MACHINE_VCPUS) + START_S["machine"] / 3600
        parts = {
            "machines": self.charge(MACHINE, count * hours) * share,
            "IPv4": self.charge("ipv4.hour", count * hours),
            "S3": self.objects(COMMENTS_PER_OBJECT),
        }
        return Way(name, title, count * MACHINE_VCPUS, hours, parts)

    def ways(self) -> list[Way]:
        return [self.emr(), self.function(), self.fargate_spot(), self.ec2_spot(), self.machine()]

    def of(self, comments: float) -> "History":
        return replace(self, comments=comments)


def crossover(history: History, one: str, other: str, low: float = 1e3, high: float = 1e11) -> float | None:
    """Comments at which the cheaper of two ways changes; None if the same is cheaper from `low` to `high`."""

    def dearer(comments: float) -> bool:
        usd = {way.name: way.usd for way in history.of(comments).ways()}
        return usd[one] > usd[other]

    if dearer(low) == dearer(high):
        return None
    for _ in range(60):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if dearer(middle) == dearer(low) else (low, middle)
    return high


def table(ways: Sequence[Way]) -> str:
    """Markdown, the cheapest first."""
    rows = ["| way | vCPUs | hours | USD | of which |", "|---|---:|---:|---:|---|"]
    for way in sorted(ways, key=lambda way: way.usd):
        parts = ", ".join(f"{part} {usd:,.2f}" for part, usd in sorted(way.parts.items(), key=lambda p: -p[1]))
        rows.append(f"| {way.title} | {way.vcpus:,} | {way.hours:,.1f} | {way.usd:,.2f} | {parts} |")
    return "\n".join(rows)


def read_history(comments: float, vcpus: int, host: str, prices: Path = PRICES) -> History:
    scenario = Inputs.read(prices).scenario(Assumptions(host=host))
    return History(scenario, comments, vcpus, spark_share())


def main(
    comments: Annotated[float, typer.Option(min=1, help="comments to score")] = 1e9,
    vcpus: Annotated[int, typer.Option(min=4, help="vCPUs at work at once, but for the one machine")] = 64,
    host: Annotated[Literal["vnni", "avx2"], typer.Option(help="int8 instructions of the hosts")] = "vnni",
) -> None:
    """Say what it costs to score history once, five ways."""
    history = read_history(comments, vcpus, host)
    ms = history.vcpu_hours() * 3.6e6 / comments
    typer.echo(
        f"{comments:,.0f} comments of {history.scenario.workload.lengths.mean:.1f} tokens, {ms:.3f} ms of a vCPU each:"
    )
    bare, spark = history.vcpu_hours(), history.vcpu_hours(history.spark_share)
    typer.echo(f"{comments:,.0f} x {ms:.3f} ms / 3,600,000 = {bare:,.0f} vCPU-hours")
    typer.echo(
        f"on Spark, {history.spark_share:.2f} of that rate, {spark:,.0f}: {spark / vcpus:,.1f} hours of {vcpus} vCPUs"
    )
    typer.echo("\n" + table(history.ways()) + "\n")
    for one, other in (("lambda", "emr"), ("lambda", "machine"), ("emr", "machine"), ("lambda", "ec2-spot")):
        names = {way.name: way.title for way in history.ways()}
        point = crossover(history, one, other)
        if point:
            typer.echo(f"below {point:,.0f} comments {names[one]} is cheaper than {names[other]}, above it dearer")
        else:
            usd = {way.name: way.usd for way in history.ways()}
            cheaper, dearer = (one, other) if usd[one] < usd[other] else (other, one)
            typer.echo(f"{names[cheaper]} is cheaper than {names[dearer]} at any number")


if __name__ == "__main__":
    typer.run(main)
