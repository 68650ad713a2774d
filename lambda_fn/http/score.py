"""`POST /score`: comments in, result lines out, as files and the queue have them (docs/RESULTS.md).

    [{"text": "to the moon", "author": "…"}, "total scam"]  ->  {"results": [{"label": …, "mood": …, "coins": …}, …]}

Whatever is wrong with a comment is said in its result; what is deleted, a bot's or empty has no mood. The comments' own
fields need not travel: who sent them has them.
"""

import time
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from lambda_fn.http.errors import ApiError
from lambda_fn.http.routes import DOCUMENTED_ERRORS, parse, response_headers
from lambda_fn.http.schemas import SCORE_SCHEMA, ScoreResponse
from lambda_fn.http.targeted import known_coins
from lambda_fn.http.workload import Workload, weigh
from lambda_fn.model.classifier import Sentiment
from lambda_fn.model.language import language
from lambda_fn.model.moodless import why_no_mood
from lambda_fn.model.result import failed_fields, scored_fields
from lambda_fn.model.text import TextError, check_text

PATH = "/score"
MEDIA_TYPE = "application/json"
router = APIRouter()


@router.post(
    PATH,
    response_model=ScoreResponse,
    responses=DOCUMENTED_ERRORS,
    openapi_extra={"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": SCORE_SCHEMA}}}},
)
async def score(request: Request) -> JSONResponse:
    """Score many comments as files are scored: three moods, coins, language, an error in its place."""
    started = time.perf_counter()
    state = request.app.state
    comments = parse(await request.body())
    if len(comments) > state.settings.max_batch_comments:
        raise ApiError(413, "batch_too_large", f"at most {state.settings.max_batch_comments} comments are allowed")
    results: list[Any] = [readable(comment, state.settings.max_text_chars) for comment in comments]
    texts = {place: text for place, text in enumerate(results) if isinstance(text, str)}
    workload: Workload = state.workload
    outcomes = await workload.classify(request, list(texts.values()))
    scored: list[tuple[int, str, Sentiment]] = []
    for (place, text), outcome in zip(texts.items(), outcomes, strict=True):
        if isinstance(outcome, Sentiment):
            scored.append((place, text, outcome))
        else:
            results[place] = outcome
    read, sentiments = [text for _, text, _ in scored], [sentiment for _, _, sentiment in scored]
    fields = known_coins().fields(state.classifier)
    named = await workload.call(request, lambda: fields(read, sentiments), weigh(read)) if read else []
    revision = state.classifier.revision
    for (place, text, sentiment), coins in zip(scored, named, strict=True):
        results[place] = scored_fields(sentiment, coins, language(text), revision)
    lines = [failed_fields(one, revision) if isinstance(one, TextError) else one for one in results]
    return JSONResponse({"results": lines}, headers=response_headers(sentiments, revision, started))


def readable(comment: Any, max_chars: int) -> str | TextError:
    """The text to score, or why there is none."""
    text, author = comment, None
    if isinstance(comment, dict):
        if "text" not in comment:
            return TextError("text_missing", "the comment has no text")
        text, author = comment["text"], comment.get("author")
    try:
        reason = why_no_mood(text, author)
        return reason or check_text(text, max_chars)
    except TextError as error:
        return error
