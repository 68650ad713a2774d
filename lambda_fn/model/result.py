"""What a result says of a comment, the same from files, from the queue, from Spark and over HTTP (docs/RESULTS.md)."""

from typing import Any

from lambda_fn.model.classifier import Sentiment
from lambda_fn.model.text import TextError

# Digits of a score or probability.
DIGITS = 4
NOTHING = ("label", "score", "mood", "p_negative", "p_neutral", "p_positive")


def scored_fields(sentiment: Sentiment, coins: list[dict[str, Any]], language: str, revision: str) -> dict[str, Any]:
    """The fields of a comment that was scored.

    coins: {coin, mood, p_negative, p_neutral, p_positive} of each coin that it names. revision: of the model.
    """
    p = {label: round(value, DIGITS) for label, value in sentiment.probabilities.items()}
    return {
        "label": sentiment.label,
        "score": round(sentiment.score, DIGITS),
        "mood": max(p, key=p.__getitem__),
        "p_negative": p["negative"],
        "p_neutral": p["neutral"],
        "p_positive": p["positive"],
        "coins": coins,
        "language": language,
        "truncated": sentiment.truncated,
        "model": revision,
        "error": "",
        "error_message": "",
    }


def failed_fields(error: TextError, revision: str) -> dict[str, Any]:
    """The fields of a comment that could not be scored, and why."""
    return {
        **dict.fromkeys(NOTHING),
        "coins": [],
        "language": None,
        "truncated": False,
        "model": revision,
        "error": error.code,
        "error_message": str(error),
    }
