"""Serialisation: a classifier's sentiment as JSON, and one comment of a batch as text or as an error."""

from typing import Any

from lambda_fn.http.errors import ApiError
from lambda_fn.http.schemas import Options
from lambda_fn.model.classifier import Sentiment
from lambda_fn.model.text import TextError, check_text


def outcome(result: Sentiment | TextError, options: Options) -> dict[str, Any]:
    """A comment's sentiment, or the error that it costs."""
    if isinstance(result, TextError):
        return text_error(result.code, str(result)).body
    return serialise(result, options)


def serialise(sentiment: Sentiment, options: Options) -> dict[str, Any]:
    """A sentiment as old clients know it, and what `options` adds."""
    label, score = sentiment.label, sentiment.score
    if options.classes == 3:
        label, score = max(sentiment.probabilities.items(), key=lambda item: item[1])
    answer: dict[str, Any] = {"label": label, "score": round(score, 4)}
    if options.detail:
        answer["probabilities"] = {name: round(value, 4) for name, value in sentiment.probabilities.items()}
        answer["tokens"] = sentiment.tokens
        answer["truncated"] = sentiment.truncated
        answer["settled"] = sentiment.settled
    return answer


def comment_text(comment: Any, max_chars: int) -> str:
    """The text of one item of a batch. Raises ApiError if it is not a comment that can be scored."""
    if isinstance(comment, dict) and "text" in comment:
        comment = comment["text"]
    elif not isinstance(comment, str):
        raise ApiError(422, "invalid_request", "a comment is a string, or a JSON object with the field text")
    try:
        return check_text(comment, max_chars)
    except TextError as error:
        raise text_error(error.code, str(error)) from None


def text_error(code: str, message: str) -> ApiError:
    return ApiError(413 if code == "text_too_long" else 422, code, message)
