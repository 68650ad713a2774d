"""Reads the files an estimate starts from: prices, benchmark, histogram of lengths, hourly shape."""

import json
from dataclasses import dataclass
from pathlib import Path

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.prices import PriceTable
from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.cost.speed import WIDTHS, Speed
from crypto_sentiment.cost.workload import Lengths, Workload

HERE = Path(__file__).resolve().parent
PRICES = HERE / "prices"
BENCHMARK = HERE / "data" / "benchmark.json"
TOKEN_LENGTHS = HERE / "data" / "token_lengths.json"
HOURLY_SHAPE = HERE / "data" / "hourly_shape.json"


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
        savings_plan: bool = False,
    ) -> "Inputs":
        table = PriceTable.from_dict(read_json(prices), free_tier, savings_plan)
        figures = read_json(benchmark)
        try:
            max_tokens = int(figures["max_tokens"])
            shares = [float(share) for share in read_json(shape)["shares"]]
        except (KeyError, TypeError, ValueError) as error:
            raise CostError(f"{benchmark} or {shape} lacks a field: {error!r}") from error
        return cls(table, figures, Lengths.from_histogram(read_json(lengths), max_tokens), shares)

    def speed(self, width: int) -> Speed:
        return Speed.from_benchmark(self.benchmark, width)

    def scenario(self, assumptions: Assumptions, width: int = WIDTHS[0], speed: Speed | None = None) -> Scenario:
        """The question for one model width; `speed` overrides the benchmark's."""
        workload = Workload.build(assumptions, self.lengths, self.hourly_shares)
        return Scenario(assumptions, workload, speed or self.speed(width), self.prices)
