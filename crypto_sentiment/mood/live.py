"""The mood as it moves: comments scored in this process as they come, the last hour of them drawn in the terminal."""

import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from crypto_sentiment.mood.tally import Tally
from crypto_sentiment.mood.terminal import SCALE, bar
from lambda_fn.bulk.scoring import ScorableChunk, Scorer
from lambda_fn.bulk.times import as_utc
from lambda_fn.mood.rollup import EVERY_COIN
from lambda_fn.mood.shares import Shares, estimate

SPARKS = "▁▂▃▄▅▆▇█"
# Points of a line that shows where a coin's mood came from.
REMEMBERED = 30
MOST_COINS = 12


class LiveMood:
    """Result lines of the last `window_s` seconds, and where each coin's net mood was at earlier looks."""

    def __init__(self, window_s: float, clock: Callable[[], float] = time.time):
        self._window_s, self._clock = window_s, clock
        self._lines: deque[tuple[float, dict]] = deque()
        self._moved: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self.comments = 0

    def add(self, lines: Sequence[dict]) -> None:
        now = self._clock()
        self.comments += len(lines)
        self._lines.extend((now, line) for line in lines)
        while self._lines and self._lines[0][0] < now - self._window_s:
            self._lines.popleft()
        shares = self.shares()
        for row, coin in enumerate(shares.rollup.coin.tolist()):
            if shares.known[row]:
                self._moved[coin].append(float(shares.value[row, 3]))

    def shares(self) -> Shares:
        """By coin, of the comments in the window."""
        tally = Tally()
        for _, line in self._lines:
            tally.add(line, as_utc(line.get("created_utc")))
        return estimate(tally.rollup(), ("coin",))

    def table(self) -> Table:
        """Every comment, and the coins most written about: comments, net mood, its interval, and how it moved."""
        shares = self.shares()
        minutes = f"{self._window_s / 60:.0f} minutes"
        drawn = Table(show_edge=False, pad_edge=False, title=f"Mood of the last {minutes}", title_justify="left")
        for name in ("coin", "comments", "net (95 %)"):
            drawn.add_column(name, justify="left" if name == "coin" else "right", no_wrap=True)
        drawn.add_column("−100".ljust(SCALE // 2) + "0" + "+100".rjust(SCALE // 2), no_wrap=True)
        drawn.add_column("moved", no_wrap=True)
        rollup = shares.rollup
        order = sorted(range(len(rollup)), key=lambda row: (rollup.coin[row] != EVERY_COIN, -rollup.comments[row]))
        for row in order[: MOST_COINS + 1]:
            coin, comments = rollup.coin[row], f"{int(rollup.comments[row]):,}"
            net, drawing = "–", Text("too few to say", style="dim italic")
            if shares.known[row]:
                value, low, high = (100 * numbers[row, 3] for numbers in (shares.value, shares.low, shares.high))
                net, drawing = f"{value:+.0f} ({low:+.0f} to {high:+.0f})", bar(value, low, high)
            drawn.add_row(coin or "all", comments, net, drawing, sparkline(self._moved.get(coin, ())))
        left_out = sum(int(n.sum()) for n in rollup.left_out.values())
        drawn.caption = f"{self.comments:,} comments so far; {left_out:,} of the window have no mood"
        drawn.caption_justify = "left"
        return drawn


def sparkline(values: Sequence[float]) -> str:
    """Net moods, -1 to 1, as a line of blocks."""
    return "".join(SPARKS[min(len(SPARKS) - 1, int((value + 1) / 2 * len(SPARKS)))] for value in values)


class LocalScorer:
    """Takes what a queue would take, scores it here, and draws the mood: a sender for bulk.reddit.Streamer."""

    def __init__(self, scorer: Scorer, mood: LiveMood, console: Console):
        self._scorer, self.mood = scorer, mood
        self._live = Live(self.mood.table(), console=console, auto_refresh=False, transient=False)

    def __enter__(self) -> "LocalScorer":
        self._live.start()
        return self

    def __exit__(self, *_) -> None:
        self._live.update(self.mood.table(), refresh=True)
        self._live.stop()

    def send(self, bodies: Sequence[str]) -> dict[int, str]:
        """Score the comments of message bodies. Returns what could not be: nothing."""
        for body in bodies:
            comments = json.loads(body)["comments"]
            [lines] = self._scorer.score([ScorableChunk("", 0, list(enumerate(comments)))])
            self.mood.add(lines)
            self._live.update(self.mood.table(), refresh=True)
        return {}
