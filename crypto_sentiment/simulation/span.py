"""Where the estimate holds: each option played at other volumes, windows, shares of failures, and sizes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.inputs import Inputs
from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.simulation.agreement import FAILURES, agree

# What is changed, one at a time, for every option; and for those from a queue.
VOLUMES = (1e4, 1e5, 1e6, 1e7, 1e8, 1e9)
QUEUE: tuple[tuple[str, dict], ...] = (
    ("window 0 s", {"batching_window_s": 0}),
    ("window 60 s", {"batching_window_s": 60}),
    ("50 comments a message", {"comments_per_message": 50}),
    ("ten comments a message", {"comments_per_message": 10}),
)
EVERY: tuple[tuple[str, dict], ...] = (
    ("AVX2 only", {"host": "avx2"}),
    ("half of the comments known", {"duplicates": 0.5}),
    ("bursts at six times the mean", {"shape": "bursts", "peak_factor": 6}),
)
FAILING = (0.01, 0.05, 0.2)
# Erlang's tables of a fleet as large as that take minutes to play.
MOST_FOR_FLEET = 1e8


@dataclass(frozen=True)
class Cell:
    """difference: of the simulation's total from the estimate's; None where the option cannot run so."""

    option: str
    what: str
    difference: float | None
    holds: bool
    note: str = ""


def span(scenario: Scenario, inputs: Inputs, options: Iterable[str], most_events: int) -> Iterable[Cell]:
    """Cells of every option, as they are played."""

    def changed(**values: object) -> Scenario:
        assumptions = scenario.assumptions.model_copy(update=values)
        return inputs.scenario(type(assumptions)(**assumptions.model_dump()), scenario.speed.width, scenario.speed)

    def play(what: str, failures: float = FAILURES, **values: object) -> Cell:
        return _cell(option, what, partial(changed, **values), most_events, failures)

    for option in options:
        fleet = option.startswith("fargate-alb")
        for volume in VOLUMES:
            if not fleet or volume <= MOST_FOR_FLEET:
                yield play(f"{volume:,.0f} a day", comments_per_day=volume)
        for what, values in (*EVERY, *(QUEUE if "sqs" in option else ())):
            yield play(what, **values)
        for failures in FAILING:
            yield play(f"{failures:.0%} fail", failures)


def _cell(option: str, what: str, make: Callable[[], Scenario], most_events: int, failures: float) -> Cell:
    try:
        result = agree(make(), option, most_events, failures)
    except CostError as error:
        return Cell(option, what, None, True, str(error))
    wrong = result.disagreements()
    parts = ", ".join(f"{part} {share:+.0%}" for part, share in wrong.items() if part != "total")
    return Cell(option, what, result.difference, not wrong, parts)
