"""The live source: new comments of subreddits, from Reddit's API into the queue of the bulk scorer.

    export praw_client_id=... praw_client_secret=... praw_user_agent="linux:crypto-sentiment:1.0 (by u/you)"
    crypto-sentiment stream Bitcoin CryptoCurrency --queue-url https://sqs...

The state file makes a restart go on where the last run stopped. A message is noted in it before it is sent: after a
crash the same bytes are sent again, and the same work is scored once.
"""

import json
import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import praw
import prawcore
from praw.exceptions import MissingRequiredAttributeException
from rich.console import Console

from lambda_fn.bulk.outages import CredentialsRefused, Patience, client
from lambda_fn.bulk.sqs import QueueSender, encode_body
from lambda_fn.contract import Exit

console = Console(stderr=True)

MESSAGE_BYTES = 63 * 1024
# Reddit lists about the 1,000 newest comments; ids beyond these can never be listed again.
REMEMBERED_IDS = 5_000
# Comments appear slightly out of order: only so many known ones in a row mean that all before them are known too.
KNOWN_IN_A_ROW = 25
FIRST_RUN_COMMENTS = 100
LONGEST_PAUSE_S = 60.0
# SQS is waited for so long before Reddit is looked at again: what it lists does not stay there for ever.
QUEUE_PATIENCE_S = 20.0


class State:
    """What survives a restart. seen: ids of comments in messages so far. pending: the message that may not be sent.

    path: None keeps it in memory only.
    """

    def __init__(self, path: Path | None):
        self._path = path
        self.seen: dict[str, None] = {}
        self.pending: str | None = None
        if path and path.exists():
            state = json.loads(path.read_text())
            self.seen, self.pending = dict.fromkeys(state["seen"]), state["pending"]

    def save(self) -> None:
        """Replace the file at once, so that a crash leaves the old or the new state."""
        while len(self.seen) > REMEMBERED_IDS:
            del self.seen[next(iter(self.seen))]
        if self._path is None:
            return
        part = self._path.with_name(self._path.name + ".new")
        with part.open("w") as file:
            json.dump({"seen": list(self.seen), "pending": self.pending}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)


class Sender(Protocol):
    """Where messages go: QueueSender, or the scorer in this process."""

    def send(self, bodies: Sequence[str]) -> Mapping[int, str]: ...


class Streamer:
    """Takes new comments from a listing and sends them, packed by size and by age.

    listing: called for the newest comments first, as PRAW's `subreddit.comments`.
    """

    def __init__(self, listing, sender: Sender, state: State, flush_s: float):
        self._listing, self._sender, self._state, self._flush_s = listing, sender, state, flush_s
        self._buffer: dict[str, dict] = {}
        self._bytes = 0
        self._oldest = 0.0
        self.sent = self.gaps = 0

    def poll(self) -> None:
        """Fetch what is new, and send what is ripe. Raises prawcore's errors; nothing is lost by them."""
        for comment in reversed(self._new_comments()):
            self._add(comment)
        if self._buffer and time.monotonic() - self._oldest >= self._flush_s:
            self.flush()

    def _new_comments(self) -> list:
        """Comments not seen before, the newest first."""
        new: list[Any] = []
        known_in_a_row = 0
        first_run = not self._state.seen and not self._buffer
        for comment in self._listing(limit=FIRST_RUN_COMMENTS if first_run else None):
            if comment.id in self._state.seen or comment.id in self._buffer:
                known_in_a_row += 1
                if known_in_a_row == KNOWN_IN_A_ROW:
                    return new
            else:
                known_in_a_row = 0
                new.append(comment)
        if new and not first_run and known_in_a_row == 0:
            self.gaps += 1
            since = datetime.fromtimestamp(new[-1].created_utc, UTC)
            console.print(f"[yellow]Gap:[/] Reddit lists no comment before {since:%Y-%m-%d %H:%M:%S} UTC any more.")
        return new

    def _add(self, comment) -> None:
        fields = {
            "id": comment.id,
            "text": comment.body,
            "subreddit": comment.subreddit.display_name,
            "created_utc": comment.created_utc,
            "link_id": comment.link_id,
            "parent_id": comment.parent_id,
        }
        size = len(encode_body(fields).encode()) + 1
        if self._buffer and self._bytes + size > MESSAGE_BYTES:
            self.flush()
        if not self._buffer:
            self._oldest = time.monotonic()
        self._buffer[comment.id] = fields
        self._bytes += size

    def flush(self) -> None:
        """Send what is gathered. Raises QueueUnavailable; the message is then pending in the state."""
        self.send_pending()
        if not self._buffer:
            return
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._state.pending = encode_body({"comments": list(self._buffer.values()), "submitted_at": now})
        self._state.seen |= dict.fromkeys(self._buffer)
        self._state.save()
        self.sent += len(self._buffer)
        self._buffer, self._bytes = {}, 0
        self.send_pending()

    def send_pending(self) -> None:
        """Send the message that an earlier attempt, or an earlier run, may not have sent."""
        if self._state.pending is None:
            return
        if unsent := self._sender.send([self._state.pending]):
            raise QueueUnavailable(unsent[0])
        self._state.pending = None
        self._state.save()


class QueueUnavailable(RuntimeError):
    """SQS did not take a message."""


def stream(streamer: Streamer, poll_s: float, stopped: Iterable[bool]) -> None:
    """Poll until `stopped` says so, with growing pauses while Reddit or SQS does not answer."""
    pause = poll_s
    for stop in stopped:
        if stop:
            break
        try:
            streamer.send_pending()
            streamer.poll()
            pause = poll_s
        except (prawcore.exceptions.PrawcoreException, QueueUnavailable) as error:
            if _is_final(error):
                raise
            pause = min(LONGEST_PAUSE_S, 2 * pause)
            console.print(f"{type(error).__name__}: {error}. Again in {pause:.0f} s.")
        time.sleep(pause)
    streamer.flush()


def _is_final(error: Exception) -> bool:
    """Whether Reddit refuses the credentials or the subreddit, which no waiting cures."""
    response = getattr(error, "response", None)
    return isinstance(error, prawcore.exceptions.OAuthException) or (
        response is not None and response.status_code in (400, 401, 403, 404)
    )


def run(subreddits: list[str], queue_url: str, state: Path, flush_s: float, poll_s: float) -> int:
    """Stream into the queue until SIGTERM or Ctrl-C. Returns the exit code."""
    try:
        known = State(state)
    except (ValueError, KeyError):
        return _refuse(f"{state} is not a state file of this program. Move it away to start afresh.")
    sender = QueueSender(client("sqs"), queue_url, Patience.of_seconds(QUEUE_PATIENCE_S))
    return run_into(sender, subreddits, known, flush_s, poll_s)


def run_local(subreddits: list[str], window_s: float, flush_s: float, poll_s: float) -> int:
    """Stream into the model of this process, and show the mood, until SIGTERM or Ctrl-C. Returns the exit code."""
    from crypto_sentiment.mood.live import LiveMood, LocalScorer
    from lambda_fn.bulk.scoring import Scorer
    from lambda_fn.model.classifier import ModelError, SentimentClassifier
    from lambda_fn.model.coins import Coins
    from lambda_fn.model.language import language
    from lambda_fn.settings import get_settings

    try:
        classifier = SentimentClassifier.load()
    except ModelError as error:
        return _refuse(str(error))
    read = Coins.load().reader(classifier)
    scorer = Scorer(classifier, get_settings().max_text_chars, language=language, read=read)
    with LocalScorer(scorer, LiveMood(window_s), Console()) as local:
        # What was shown is gone with the terminal: there is nothing that a restart could go on with.
        return run_into(local, subreddits, State(None), flush_s, poll_s)


def run_into(sender: Sender, subreddits: list[str], state: State, flush_s: float, poll_s: float) -> int:
    """Stream until SIGTERM or Ctrl-C. Returns the exit code."""
    stop_requested = False

    def stop(*_) -> None:
        nonlocal stop_requested
        stop_requested = True

    def stopped() -> Iterable[bool]:
        while True:
            yield stop_requested

    try:
        reddit = praw.Reddit(check_for_updates=False)
        listing = reddit.subreddit("+".join(subreddits)).comments
        streamer = Streamer(listing, sender, state, flush_s)
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        stream(streamer, poll_s, stopped())
    except MissingRequiredAttributeException:
        return _refuse("Set praw_client_id, praw_client_secret and praw_user_agent in the environment.")
    except (prawcore.exceptions.PrawcoreException, QueueUnavailable) as error:
        return _refuse(f"{type(error).__name__}: {error}")
    except CredentialsRefused as error:
        return _refuse(str(error))
    console.print(f"{streamer.sent:,} comments sent, {streamer.gaps} gaps")
    return Exit.DONE


def _refuse(reason: str) -> int:
    console.print(f"[red]Error:[/] {reason}")
    return Exit.FAILED
