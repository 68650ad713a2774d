"""All options side by side, for both model widths: what every report is made from."""

from collections.abc import Iterable
from dataclasses import dataclass

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.inputs import Inputs
from crypto_sentiment.cost.options import OPTIONS, Option, price_all
from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.cost.speed import WIDTHS

OWN_GROUPS = ("single", "packed")  # what this project can deploy; the rest is for reference


@dataclass(frozen=True)
class Comparison:
    """Bills of every option by width. The first width is the project's own model."""

    inputs: Inputs
    assumptions: Assumptions
    scenarios: dict[int, Scenario]
    bills: dict[int, list[Bill]]

    @classmethod
    def of(
        cls,
        inputs: Inputs,
        assumptions: Assumptions,
        ms_per_comment: float | None = None,
        options: Iterable[Option] = OPTIONS,
    ) -> "Comparison":
        """ms_per_comment: for the project's own width, instead of the benchmark's."""
        options = tuple(options)
        scenarios = {width: inputs.scenario(assumptions, width) for width in WIDTHS}
        if ms_per_comment is not None:
            if not 0.001 <= ms_per_comment <= 100_000:
                raise CostError(f"{ms_per_comment:g} ms per comment: give a number from 0.001 to 100,000")
            own = scenarios[WIDTHS[0]]
            speed = own.speed.with_ms_per_comment(ms_per_comment, own.workload.lengths)
            scenarios[WIDTHS[0]] = inputs.scenario(assumptions, WIDTHS[0], speed)
        return cls(inputs, assumptions, scenarios, {w: price_all(s, options) for w, s in scenarios.items()})

    def changed(self, options: Iterable[Option] = OPTIONS, **changes: object) -> "Comparison":
        """The same question with other assumptions. One kind of host stands for all: a mix is then given up."""
        changes = {**({"vnni_share": None} if "host" in changes else {}), **changes}
        assumptions = Assumptions(**(self.assumptions.model_dump() | changes))
        scenarios = {w: self.inputs.scenario(assumptions, w, s.speed) for w, s in self.scenarios.items()}
        return Comparison(self.inputs, assumptions, scenarios, {w: price_all(s, options) for w, s in scenarios.items()})

    @property
    def own(self) -> Scenario:
        """The scenario of the project's own model."""
        return self.scenarios[WIDTHS[0]]

    def group(self, group: str) -> list[tuple[Bill, ...]]:
        """Bills of one group of options, one per width, in the order of OPTIONS."""
        names = {o.name for o in OPTIONS if o.group == group}
        return [pair for pair in zip(*self.bills.values(), strict=True) if pair[0].option in names]

    def bill(self, option: str, width: int = WIDTHS[0]) -> Bill | None:
        """The bill of an option, where it is listed and feasible."""
        return next((b for b in self.bills[width] if b.option == option and b.lines), None)

    def cheapest(self, width: int = WIDTHS[0], count: int = 1) -> list[Bill]:
        """The cheapest bills among what the project can deploy."""
        names = {o.name for o in OPTIONS if o.group in OWN_GROUPS}
        own = [bill for bill in self.bills[width] if bill.option in names and bill.lines]
        return sorted(own, key=lambda bill: bill.total)[:count]

    @property
    def cheapest_passing(self) -> Bill | None:
        """The cheapest option with the project's model, if it is within the budget."""
        best = self.cheapest()
        return best[0] if best and best[0].total <= self.assumptions.budget else None

    @property
    def keys_used(self) -> set[str]:
        """Price rows that any bill charges."""
        return {line.key for bills in self.bills.values() for bill in bills for line in bill.lines}
