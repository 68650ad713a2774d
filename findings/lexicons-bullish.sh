#!/usr/bin/env bash
# What the three lexicons that people try first make of the market's own words.
#
# Guess: at least one of them knows "bullish" or "bearish"
# Seen: VADER, AFINN and TextBlob give both 0, and "rekt", "moon", "rug pull", "pump" too; AFINN gives "not a scam" the same -2
#   as "scam", where VADER turns it round
# With: vaderSentiment 3.3.2, afinn 0.1, textblob 0.20.1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check vaderSentiment==3.3.2 afinn==0.1 textblob==0.20.1
venv/bin/python - <<'PY'
from afinn import Afinn
from textblob import TextBlob
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

vader, afinn = SentimentIntensityAnalyzer(), Afinn()


def scores(text):
    return vader.polarity_scores(text)["compound"], afinn.score(text), TextBlob(text).sentiment.polarity


print("vaderSentiment 3.3.2, afinn 0.1, textblob 0.20.1")
for text in ("I am bullish on bitcoin", "I am bearish on bitcoin", "rekt", "to the moon", "rug pull", "pump"):
    print(f"{text:26}", scores(text))
    assert scores(text) == (0, 0, 0), f"one of them knows {text!r} now"
for text in ("crash", "scam", "not a scam"):
    print(f"{text:26}", scores(text))
assert scores("not a scam")[0] > 0 > scores("scam")[0]
assert scores("not a scam")[1] == scores("scam")[1] == -2, "AFINN heeds the negation now"
PY
