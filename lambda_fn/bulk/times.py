"""The time of a comment, in every form that exports write it in. A time without a zone is UTC."""

import re
from datetime import UTC, datetime, timedelta

# Fields that say when a comment was written, in any case: Reddit's first, then other exports'.
TIME_NAMES = (
    "created_utc",
    "created_at",
    "createdat",
    "created",
    "created_time",
    "timestamp",
    "datetime",
    "date",
    "time",
    "published_at",
    "publishedat",
    "published",
    "posted_at",
)
# No comment was written before 1973: a smaller number is a count, or an hour of the day.
MIN_EPOCH_SECONDS = 10**8
# From these on a number counts thousandths, millionths and billionths of a second.
EPOCH_UNITS = ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_ZONE = re.compile(r"\s*(?:UTC|GMT|Z)$", re.IGNORECASE)
_SPACED_OFFSET = re.compile(r"\s+([+-]\d\d:?\d\d)$")
_COMPACT_DATE = re.compile(r"(?:19|20)\d{6}$")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$")
# "Tue May 03 10:50:38 +0000 2022", as Twitter's API writes it
_TWITTER = re.compile(r"[A-Za-z]{3} ([A-Za-z]{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4})$")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def as_utc(value: object) -> datetime | None:
    """The UTC time that `value` says: seconds, milli-, micro- or nanoseconds since 1970 (a number or its digits),
    ISO 8601, BigQuery's "… UTC", Twitter's or an e-mail's form. None if it is no time.
    """
    try:
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, str):
            return _from_text(value.strip())
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _from_number(value)
    except (ValueError, OverflowError):
        pass
    return None


def iso(time: datetime) -> str:
    """`time` as results carry it: "2022-05-03T10:50:38Z", with microseconds where there are some."""
    return time.replace(tzinfo=None).isoformat() + "Z"


def _from_number(value: int | float) -> datetime | None:
    if not value >= MIN_EPOCH_SECONDS:
        return None
    for limit, unit in EPOCH_UNITS:
        if value < limit:
            micros = value * 10**6 // unit if isinstance(value, int) else round(value * (10**6 / unit))
            return EPOCH + timedelta(microseconds=micros)
    return None


def _from_text(text: str) -> datetime | None:
    if not text or len(text) > 64:
        return None
    if _NUMBER.match(text) and not _COMPACT_DATE.match(text):
        return _from_number(int(text) if text.isdecimal() else float(text))
    if match := _TWITTER.match(text):
        month, day, clock, offset, year = match.groups()
        text = f"{year}-{_MONTHS.index(month.lower()) + 1:02}-{int(day):02}T{clock}{offset}"
    elif text[0].isalpha():
        from email.utils import parsedate_to_datetime

        return as_utc(parsedate_to_datetime(text))
    else:
        text = _SPACED_OFFSET.sub(r"\1", _ZONE.sub("+00:00", text))
    return as_utc(datetime.fromisoformat(text))
