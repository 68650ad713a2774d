"""How long the model takes: the benchmark's figures, and what a host or a memory size makes of them."""

import math
from dataclasses import dataclass

from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.workload import Lengths

WIDTHS = (384, 768)


@dataclass(frozen=True)
class Figure:
    """A number with its pedigree. basis: "measured", "assumed" or "derived"."""

    value: float
    basis: str
    source: str

    @classmethod
    def from_dict(cls, name: str, row: dict) -> "Figure":
        try:
            figure = cls(float(row["value"]), row["basis"], row["source"])
        except (KeyError, TypeError, ValueError) as error:
            raise CostError(f"benchmark figure '{name}' needs value, basis and source: {error!r}") from error
        if not math.isfinite(figure.value) or figure.value < 0:
            raise CostError(f"benchmark figure '{name}' is {figure.value}: it must be a number, zero or more")
        if figure.basis not in ("measured", "assumed", "derived"):
            raise CostError(f"benchmark figure '{name}': basis must be measured, assumed or derived")
        return figure


@dataclass(frozen=True)
class Speed:
    """Milliseconds of one x86 vCPU (AVX512-VNNI, its sibling hyperthread busy) for one width of the model.

    A call of one comment takes `call_ms + single_ms_per_token * tokens`; in a batch a comment takes
    `batch_ms_per_token * tokens`. `http_ms` and `invoke_ms` are the handler's own work per invocation, `s3_ms` is
    spent waiting for a PUT (billed by Lambda, but no CPU), `init_ms` is a cold start.
    """

    width: int
    call_ms: Figure
    single_ms_per_token: Figure
    batch_ms_per_token: Figure
    http_ms: Figure
    invoke_ms: Figure
    s3_ms: Figure
    init_ms: Figure
    host_factors: dict[str, Figure]

    def with_figure(self, field: str, figure: Figure) -> "Speed":
        """This speed with another figure in one of its fields."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Speed(**{**values, field: figure})

    @classmethod
    def from_benchmark(cls, document: dict, width: int) -> "Speed":
        """Raises CostError where the benchmark has no such width or lacks a figure."""
        try:
            rows = {**document["invocation"], **document["models"][str(width)]}
            figures = {
                name: Figure.from_dict(name, rows[name])
                for name in (
                    "call_ms", "single_ms_per_token", "batch_ms_per_token", "http_ms", "invoke_ms", "s3_ms", "init_ms"
                )
            }  # fmt: skip
            factors = {name: Figure.from_dict(name, row) for name, row in document["host_factors"].items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise CostError(f"the benchmark has no usable figures for width {width}: {error!r}") from error
        if figures["batch_ms_per_token"].value == 0:
            raise CostError(f"the benchmark says a token of width {width} costs nothing")
        return cls(width, host_factors=factors, **figures)

    def host_factor(self, architecture: str, host: str) -> float:
        """Time of the same work on another host, relative to the measured one."""
        name = {"arm64": "graviton2", "x86": host}[architecture]
        if name == "vnni":
            return 1.0
        try:
            return self.host_factors[name].value
        except KeyError:
            raise CostError(f"the benchmark has no host factor '{name}'") from None

    def single_ms(self, tokens: float) -> float:
        """vCPU ms of one comment in a call of its own."""
        return self.call_ms.value + self.single_ms_per_token.value * tokens

    def batch_ms(self, lengths: Lengths) -> float:
        """vCPU ms of the mean comment in a batch."""
        return self.batch_ms_per_token.value * lengths.mean

    def with_ms_per_comment(self, ms: float, lengths: Lengths) -> "Speed":
        """The same model at another speed: `ms` for the mean comment in a batch, single calls in proportion."""
        scale = ms / self.batch_ms(lengths)
        figures = {
            name: Figure(getattr(self, name).value * scale, "assumed", "set by hand")
            for name in ("call_ms", "single_ms_per_token", "batch_ms_per_token")
        }
        return Speed(**{**self.__dict__, **figures})


def cpu_speed(memory_mb: int, mb_per_vcpu: int) -> float:
    """How fast one invocation computes, relative to one vCPU.

    Below one vCPU the credit is a fraction. Above, the model uses as many threads as there are whole vCPUs; a second
    thread adds about 0.8 of the first (small matrices), which the exponent stands for (assumed).
    """
    if memory_mb <= mb_per_vcpu:
        return memory_mb / mb_per_vcpu
    return (memory_mb // mb_per_vcpu) ** 0.85
