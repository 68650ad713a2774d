"""How Reddit feels: GET /mood, /mood/trending and /mood/BTC, from the rollups of scored comments; POST /mood, of a
rollup that the caller brings; GET /mood/comments, the ids behind them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from lambda_fn.http import ndjson
from lambda_fn.http.errors import ApiError
from lambda_fn.http.routes import DOCUMENTED_ERRORS
from lambda_fn.http.schemas import ErrorResponse
from lambda_fn.mood import questions
from lambda_fn.mood.calibration import UnknownRevision
from lambda_fn.mood.moved import MOST_SECONDS, moved
from lambda_fn.mood.rollup import NO_HOUR, Rollup
from lambda_fn.mood.store import MoodStore

PATH = "/mood"
ERRORS: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorResponse, "description": "no rollups here, or nobody wrote of that coin"},
    422: {"model": ErrorResponse, "description": "a question that cannot be asked"},
}
# Of what is sent in: sums stay far from the end of 64 bits, times within the calendar.
MOST_COUNTED = 10**12
LAST_HOUR = 10**11
# A rollup changes every quarter of an hour.
HEADERS = {"cache-control": "public, max-age=60"}
router = APIRouter()

Names = Annotated[str, Query(description="separated by commas", max_length=1000)]


def store_of(request: Request) -> MoodStore:
    if request.app.state.mood is None:
        raise ApiError(404, "no_rollups", "this service has no rollups of the mood: set MOOD_SOURCE")
    store: MoodStore = request.app.state.mood.store
    return store


def seconds(value: str | None, name: str) -> int | None:
    """Seconds since 1970 of an ISO 8601 time, in UTC where it names no zone. Raises ApiError."""
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise ApiError(422, "invalid_request", f"{name} takes a time such as 2022-05-12T08:00Z") from None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())


def names(value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


By = Annotated[str, Query(description="coin, subreddit, and one of hour, day, week, month", max_length=1000)]
Since = Annotated[str | None, Query(alias="from", description="time (UTC), default: 24 hours before `to`")]
Until = Annotated[str | None, Query(alias="to", description="time (UTC), default: now")]
Top = Annotated[int, Query(ge=1, le=500, description="coins, those most written about")]


@router.get(PATH, responses=ERRORS)
def mood(
    request: Request,
    coin: Names = "",
    subreddit: Names = "",
    by: By = "coin",
    since: Since = None,
    until: Until = None,
    top: Top = 20,
) -> JSONResponse:
    """Comments, negative, neutral, positive and net mood, each with its 95 % interval."""
    asked = {"coins": names(coin), "subreddits": names(subreddit), "by": names(by), "top": top}
    begin, end = seconds(since, "from"), seconds(until, "to")
    return answer(questions.mood, store_of(request), since=begin, until=end, **asked)


@router.post(
    PATH,
    responses={status: DOCUMENTED_ERRORS[status] for status in (400, 401, 408, 413, 415, 422, 429, 503)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                ndjson.MEDIA_TYPE: {"schema": {"description": "a rollup: `crypto-sentiment mood --rollup`, unpacked"}}
            },
        }
    },
)
async def mood_of_rollup(
    request: Request,
    coin: Names = "",
    subreddit: Names = "",
    by: By = "coin",
    since: Annotated[str | None, Query(alias="from", description="time (UTC), default: its first hour")] = None,
    until: Annotated[str | None, Query(alias="to", description="time (UTC), default: the end of its last")] = None,
    top: Top = 20,
) -> JSONResponse:
    """The same of a rollup that is sent along: it holds counts, no texts."""
    asked = {"coins": names(coin), "subreddits": names(subreddit), "by": names(by), "top": top}
    begin, end = seconds(since, "from"), seconds(until, "to")
    rollup = sent(await request.body())
    return await run_in_threadpool(answer, questions.mood_of, rollup, since=begin, until=end, **asked)


def sent(body: bytes) -> Rollup:
    """The rollup in a request's body. Raises ApiError."""
    try:
        rollup = Rollup.decode(body)
    except RecursionError:
        raise ApiError(400, "invalid_json", "a line is nested too deeply") from None
    except (EOFError, OSError, KeyError, TypeError, ValueError, OverflowError, AttributeError, IndexError) as error:
        raise ApiError(422, "invalid_request", f"body: not the lines of a rollup ({type(error).__name__})") from None
    columns = (rollup.counts, rollup.thread_pairs, rollup.author_pairs, *rollup.left_out.values())
    if any((column < 0).any() or (column > MOST_COUNTED).any() for column in columns):
        raise ApiError(422, "invalid_request", f"body: counts lie between 0 and {MOST_COUNTED}")
    if ((rollup.hour != NO_HOUR) & ((rollup.hour < 0) | (rollup.hour > LAST_HOUR))).any():
        raise ApiError(422, "invalid_request", f"body: hours are seconds since 1970, or {NO_HOUR}")
    return rollup


@router.get(f"{PATH}/comments", responses=ERRORS)
def comments(
    request: Request,
    since: Annotated[str, Query(alias="from", description="time (UTC)")],
    until: Annotated[str, Query(alias="to", description="time (UTC)")],
    coin: Annotated[str, Query(description="a symbol; default: every comment", max_length=100)] = "",
    subreddit: Names = "",
) -> JSONResponse:
    """The ids of the comments whose mood is the strongest. Texts are stored nowhere."""
    store_of(request)
    if request.app.state.mood.results is None:
        raise ApiError(404, "no_results", "this service has rollups only: MOOD_SOURCE names no results")
    begin, end = seconds(since, "from") or 0, seconds(until, "to") or 0
    if not 0 < begin < end or end - begin > MOST_SECONDS:
        raise ApiError(422, "invalid_request", f"from must lie before to, by at most {MOST_SECONDS // 86400} days")
    try:
        found = moved(request.app.state.mood.results, begin, end, coin, names(subreddit))
    except PermissionError as error:
        raise ApiError(404, "no_results", f"this service may read rollups only, not {error}") from None
    return JSONResponse(found, headers=HEADERS)


@router.get("/mood/trending", responses=ERRORS)
def trending(request: Request, top: Annotated[int, Query(ge=1, le=500)] = 20) -> JSONResponse:
    """The coins of the last 24 hours by mentions, and the change against the three days before."""
    return answer(questions.trending, store_of(request), top)


@router.get("/mood/{symbol}", responses=ERRORS)
def coin(request: Request, symbol: str) -> JSONResponse:
    """One coin in depth: the last 24 hours against its 20 days before."""
    return answer(questions.coin, store_of(request), symbol)


def answer(question: Callable[..., dict[str, Any] | None], *arguments: Any, **named: Any) -> JSONResponse:
    try:
        found = question(*arguments, **named)
    except questions.QuestionError as error:
        raise ApiError(422, "invalid_request", str(error)) from None
    except UnknownRevision:
        status = 422 if question is questions.mood_of else 500  # whose fault it is
        raise ApiError(
            status, "unknown_revision", "the rollups are of a model that this service does not know"
        ) from None
    if found is None:
        raise ApiError(404, "unknown_coin", "nobody wrote of that coin in the last 20 days")
    return JSONResponse(found, headers=HEADERS)
