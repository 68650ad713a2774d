"""When this process is stopped, and what there is still time for."""

import math
import time
from collections.abc import Callable

# Kept free at the very end, to report what failed. Results may be written until then; nothing new is read.
REPORT_S = 3.0


class OutOfTime(Exception):
    """The deadline came while a stream was read in which no comment had been found yet."""


class Deadline:
    """remaining_s: returns the seconds until the process is stopped. margin_s: kept free for the last writes.

    sleep: waits so many seconds, or less where the process has been told to stop.
    """

    def __init__(
        self,
        remaining_s: Callable[[], float] = lambda: math.inf,
        margin_s: float = 0.0,
        sleep: Callable[[float], object] = time.sleep,
    ):
        self._remaining_s, self._margin_s, self.sleep = remaining_s, margin_s, sleep

    def allows(self, seconds: float) -> bool:
        """Whether work of so many seconds ends before the margin begins."""
        return self.for_reading() > seconds

    def for_reading(self) -> float:
        """Seconds left for anything but the last writes."""
        return self._remaining_s() - self._margin_s

    def for_writing(self) -> float:
        """Seconds left for writes of what has been scored."""
        return self._remaining_s() - min(REPORT_S, self._margin_s / 3)
