"""How many comments of each mood there are behind a grid of counts: EM, and the posterior around it.

Counting the likeliest class, or averaging probabilities, is biased where the mix differs from the one the model was
trained on. Saerens, Latinne and Decaestecker (2002, Neural Computation 14) correct it by EM: with L(k, y) the chance
of cell k given mood y, the mix q maximises sum_k n_k log sum_y q_y L(k, y). A Dirichlet prior keeps q out of the
corners (the mode instead of the maximum of the likelihood).

The 95 % interval is read off the posterior, computed on a fine lattice of mixes: three moods make it small enough to
write out, so that no normal approximation has to hold for few comments or shares near 0.
"""

from functools import lru_cache

import numpy as np

LATTICE_STEPS = 100
ITERATIONS = 200
TOLERANCE = 1e-6
INTERVAL = (0.025, 0.975)
# Groups whose posteriors lie in memory at once: 512 of 5,151 float64 are 21 MB.
CHUNK = 512
# Tables of the lattice that are kept, 2.7 MB each: one for each coin or subreddit of a question.
TABLES = 32


def em(
    counts: np.ndarray,
    likelihood: np.ndarray,
    prior: np.ndarray,
    scale: np.ndarray | None = None,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """Mixes [g, 3] that maximise the posterior of each group.

    counts: [g, k] comments in each cell. likelihood: [k, 3], each column up to a factor common to all.
    prior: Dirichlet parameters [g, 3], all above 1. scale: [g, 3] factors of a group's columns of the likelihood.
    start: [g, 3], default equal parts.
    """
    used = counts.any(axis=0)
    counts, likelihood = counts[:, used], likelihood[used]
    factors = np.ones((len(counts), 3)) if scale is None else scale
    mix = np.full((len(counts), 3), 1 / 3) if start is None else start
    for _ in range(ITERATIONS):
        weighted = mix * factors
        expected = weighted * ((counts / (weighted @ likelihood.T)) @ likelihood) + prior - 1
        new = expected / expected.sum(axis=1, keepdims=True)
        settled = np.abs(new - mix).max(initial=0) < TOLERANCE
        mix = new
        if settled:
            break
    return mix


@lru_cache(maxsize=1)
def lattice() -> np.ndarray:
    """Mixes [5151, 3] in steps of a hundredth, moved off the edges, where a prior's density is 0."""
    n = LATTICE_STEPS
    whole = np.array([(a, n - a - b, b) for a in range(n + 1) for b in range(n + 1 - a)])
    return (whole + 1 / 3) / (n + 1)


class Likelihood:
    """L(k, y) [k, 3] of the cells, with its logarithm on the lattice, which is worth keeping."""

    def __init__(self, table: np.ndarray):
        self.table = table
        self._logs = lru_cache(maxsize=TABLES)(self._log)

    def _log(self, scale: tuple[float, ...]) -> np.ndarray:
        return np.asarray(np.log((lattice() * scale) @ self.table.T))  # [5151, k]

    def posterior(self, counts: np.ndarray, prior: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Weights [g, 5151] of the lattice's mixes; each row sums to 1. counts [g, k]; prior, scale [g, 3]."""
        logs = (prior - 1) @ np.log(lattice()).T
        for one in {tuple(row) for row in scale.tolist()}:
            rows = (scale == one).all(axis=1)
            logs[rows] += counts[rows] @ self._logs(one).T
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def estimate(
        self, counts: np.ndarray, prior: np.ndarray, scale: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each group: the mix [g, 3], and low and high ends [g, 4] of its 95 % intervals.

        The four are negative, neutral, positive, and net mood: positive - negative, from -1 to 1.
        """
        factors = np.ones_like(prior) if scale is None else scale
        mixes, lows, highs = [np.empty((0, 3))], [np.empty((0, 4))], [np.empty((0, 4))]
        for first in range(0, len(counts), CHUNK):
            part, alpha, factor = (column[first : first + CHUNK] for column in (counts, prior, factors))
            weights = self.posterior(part, alpha, factor)
            mix = em(part, self.table, alpha, factor, weights @ lattice())
            ends = [_quantiles(weights, *marginal) for marginal in _marginals()]
            values = np.column_stack([mix, mix[:, 2] - mix[:, 0]])
            # The mode of a skewed posterior may lie a hair outside the middle 95 %.
            lows.append(np.minimum(np.stack([low for low, _ in ends], axis=1), values))
            highs.append(np.maximum(np.stack([high for _, high in ends], axis=1), values))
            mixes.append(mix)
        return np.concatenate(mixes), np.concatenate(lows), np.concatenate(highs)


@lru_cache(maxsize=1)
def _marginals() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For each of the four quantities: the lattice's order by it, where each value begins in it, and the values."""
    found = []
    for quantity in (*lattice().T, lattice()[:, 2] - lattice()[:, 0]):
        rounded = np.round(quantity, 9)
        order = np.argsort(rounded, kind="stable")
        values, starts = np.unique(rounded[order], return_index=True)
        found.append((order, starts, values))
    return found


def _quantiles(
    weights: np.ndarray, order: np.ndarray, starts: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Both ends [g] of the middle 95 % of one quantity; each value's weight is spread over its step."""
    step = values[1] - values[0]
    edges = np.append(values - step / 2, values[-1] + step / 2)
    cumulative = np.cumsum(np.add.reduceat(weights[:, order], starts, axis=1), axis=1)
    cumulative = np.column_stack([np.zeros(len(weights)), cumulative])
    lowest = -1.0 if values[0] < 0 else 0.0
    ends = [[np.interp(quantile, row, edges) for row in cumulative] for quantile in INTERVAL]
    low, high = np.clip(np.array(ends).reshape(2, -1), lowest, 1)
    return low, high
