"""A MoodStore of one rollup that is at hand, such as a file of `crypto-sentiment mood --rollup`."""

from pathlib import Path

from lambda_fn.mood.calendar import DAY, HOUR
from lambda_fn.mood.rollup import Rollup
from lambda_fn.mood.store import MoodStore


class RollupFile(MoodStore):
    """Its clock stands at the end of its last hour, so that "the last 24 hours" are the last that it has.

    Raises ValueError for a rollup without a time.
    """

    def __init__(self, rollup: Rollup):
        if not len(rollup) or rollup.hour.max() < 0:
            raise ValueError("the rollup has no hours")
        self._rollup = rollup
        end = int(rollup.hour.max()) + HOUR
        super().__init__(lambda key: None, lambda: end - 1)

    @classmethod
    def read(cls, path: Path) -> "RollupFile":
        """Raises OSError, ValueError or KeyError for what is no rollup."""
        return cls(Rollup.decode(path.read_bytes()))

    def hours(self, since: int, until: int, subreddits: bool = False) -> Rollup:
        """As MoodStore's; subreddits are apart in any case, and add up to the same."""
        return self._within(since - since % HOUR, until)

    def days(self, since: int, until: int, subreddits: bool = False) -> Rollup:
        """As MoodStore's, by the hour: nothing had to be added up."""
        return self._within(-(-since // DAY) * DAY, until // DAY * DAY)

    def _within(self, since: int, until: int) -> Rollup:
        return self._rollup.where((self._rollup.hour >= since) & (self._rollup.hour < until))
