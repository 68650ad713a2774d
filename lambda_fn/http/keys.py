"""The API's keys: read from a secret's text, each with its caller's name and the rate at which it may call.

a-key                                                          one key, for everybody
{"api_key": "a-key"}                                           the same, as the AWS console makes it
{"keys": {"alice": "a-key", "bob": {"key": "b-key", "rate": 5, "burst": 20}}}
"""

import hmac
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# The caller's name where there is one key.
ONLY = "default"
# What the key may be called among several key/value pairs; case, dashes and underscores aside.
KEY_NAMES = {"apikey", "xapikey", "key"}
# Of several named keys; whoever writes a key in the place of a name finds it in no message of ours.
KEYS = "keys"
_NAME = re.compile(r"[\w.@-]{1,64}")


@dataclass(frozen=True, slots=True)
class Key:
    """name: of the caller, for the log. value: what the caller sends, in UTF-8. rate: requests a second, None: any;
    burst: how many may come at once."""

    name: str
    value: bytes
    rate: float | None = None
    burst: float = 1.0

    def is_sent(self, sent: str) -> bool:
        """Whether a header's value (latin-1) is this key, in a time that does not tell how much of it was right."""
        try:
            return hmac.compare_digest(sent.encode("latin-1"), self.value)
        except UnicodeEncodeError:  # no byte sequence that HTTP can carry
            return False


def keys_in(secret: str) -> tuple[Key, ...]:
    """The keys in a secret's text; none in an empty one.

    Raises ValueError, whose message quotes nothing of the secret, for JSON in which they cannot be found.
    """
    try:
        pairs = json.loads(secret)
    except (ValueError, RecursionError):
        pairs = None
    if not isinstance(pairs, dict):
        return (Key(ONLY, secret.strip().encode()),) if secret.strip() else ()
    if isinstance(pairs.get(KEYS), dict):
        keys = tuple(named(number, *item) for number, item in enumerate(pairs[KEYS].items(), 1))
        if len({key.value for key in keys}) < len(keys):
            raise ValueError("the secret gives one key to several names")
        return keys
    values = list(pairs.values()) if len(pairs) == 1 else [pairs[name] for name in pairs if _plain(name) in KEY_NAMES]
    if len(values) != 1 or not isinstance(values[0], str):
        raise ValueError("the secret holds several pairs, and none of them, or more than one, is called api_key")
    return (Key(ONLY, values[0].strip().encode()),) if values[0].strip() else ()


def named(number: int, name: str, entry: Any) -> Key:
    """One of several keys: `"a-key"`, or `{"key": "a-key", "rate": 5, "burst": 20}`. Raises ValueError."""
    place = f"key number {number} of the secret"
    if not _NAME.fullmatch(name):
        raise ValueError(f"{place} needs a name of at most 64 letters, digits and . @ _ -")
    entry = {"key": entry} if isinstance(entry, str) else entry
    value = entry.get("key") if isinstance(entry, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f'{place} is neither a text nor {{"key": a text, "rate": requests a second}}')
    rate, burst = entry.get("rate"), entry.get("burst")
    if not all(limit is None or (_is_number(limit) and 0 < limit < 1e9) for limit in (rate, burst)):
        raise ValueError(f"{place}: rate and burst are numbers above 0")
    return Key(name, value.strip().encode(), rate, max(1.0, burst or rate or 1.0))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


class Rates:
    """How much each key's caller may still ask for: a token bucket each, in this process.

    https://en.wikipedia.org/wiki/Token_bucket
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # by name: requests left, and when that was so

    def wait_s(self, key: Key) -> float:
        """0 if one more request may come now, which then counts; else the seconds until one may."""
        if key.rate is None:
            return 0.0
        now = self._clock()
        left, then = self._buckets.get(key.name, (key.burst, now))
        left = min(key.burst, left + (now - then) * key.rate)
        if left < 1:
            self._buckets[key.name] = left, now
            return (1 - left) / key.rate
        self._buckets[key.name] = left - 1, now
        return 0.0
