"""Reads the files an estimate starts from: prices, benchmark, histogram of lengths, hourly shape."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.prices import PriceTable
from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.cost.speed import WIDTHS, Speed
from crypto_sentiment.cost.workload import Lengths, Workload
from lambda_fn.settings import get_settings

HERE = Path(__file__).resolve().parent
PRICES = HERE / "prices"
BENCHMARK = HERE / "data" / "benchmark.json"
TOKEN_LENGTHS = HERE / "data" / "token_lengths.json"
HOURLY_SHAPE = HERE / "data" / "hourly_shape.json"
SPARK = HERE / "data" / "spark.json"


def read_json(path: Path) -> dict:
    """Raises CostError where the file is missing or not a JSON object."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CostError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise CostError(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise CostError(f"{path} is not a JSON object")
    return document


def regions() -> list[str]:
    """Regions whose price files are here."""
    return sorted(file.stem for file in PRICES.glob("*.json"))


def shipped_revision() -> str | None:
    """Revision of the model that a deployment from here would run; None where no model is installed."""
    try:
        return json.loads((get_settings().model_dir / "manifest.json").read_text(encoding="utf-8"))["revision"]
    except (OSError, ValueError, KeyError):
        return None


def _same_model(figures: dict, revision: str, benchmark: Path) -> None:
    measured = figures.get("models", {}).get(str(WIDTHS[0]), {}).get("revision")
    if measured != revision:
        raise CostError(
            f"{benchmark} has the speed of model {measured}, and the model here is {revision}: measure it with "
            "`make measure`, or give its speed with --ms-per-comment"
        )


@dataclass(frozen=True)
class Inputs:
    """What was read; a Scenario for any assumptions can be made from it."""

    prices: PriceTable
    benchmark: dict
    lengths: Lengths
    hourly_shares: list[float]

    @classmethod
    def read(
        cls,
        prices: Path,
        benchmark: Path = BENCHMARK,
        lengths: Path = TOKEN_LENGTHS,
        shape: Path = HOURLY_SHAPE,
        free_tier: bool = False,
        savings_plan: str = "none",
        revision: str | None = None,
    ) -> "Inputs":
        """revision: of the model that will run; the benchmark must have been made with it. None: not checked.

        Raises CostError for what cannot be used, and for the speed of another model.
        """
        table = PriceTable.from_dict(read_json(prices), free_tier, savings_plan)
        figures = read_json(benchmark)
        try:
            max_tokens = int(figures["max_tokens"])
            shares = [float(share) for share in read_json(shape)["shares"]]
        except (KeyError, TypeError, ValueError) as error:
            raise CostError(f"{benchmark} or {shape} lacks a field: {error!r}") from error
        if revision:
            _same_model(figures, revision, benchmark)
        return cls(table, figures, Lengths.from_histogram(read_json(lengths), max_tokens), shares)

    def speed(self, width: int) -> Speed:
        return Speed.from_benchmark(self.benchmark, width)

    def scenario(self, assumptions: Assumptions, width: int = WIDTHS[0], speed: Speed | None = None) -> Scenario:
        """The question for one model width; `speed` overrides the benchmark's."""
        workload = Workload.build(assumptions, self.lengths, self.hourly_shares)
        return Scenario(assumptions, workload, speed or self.speed(width), self.prices)


@cache
def spark_share() -> float:
    """Comments a second and core on Spark, of the bare classifier's, as scripts/benchmark/spark_speed.py measures."""
    return float(read_json(SPARK)["share_of_bare"]["value"])
