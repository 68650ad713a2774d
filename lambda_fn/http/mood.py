"""How Reddit feels: GET /mood, /mood/trending and /mood/BTC, from the rollups of scored comments."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from lambda_fn.http.errors import ApiError
from lambda_fn.http.schemas import ErrorResponse
from lambda_fn.mood import questions
from lambda_fn.mood.calibration import UnknownRevision
from lambda_fn.mood.store import MoodStore

ERRORS: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorResponse, "description": "no rollups here, or nobody wrote of that coin"},
    422: {"model": ErrorResponse, "description": "a question that cannot be asked"},
}
# A rollup changes every quarter of an hour.
HEADERS = {"cache-control": "public, max-age=60"}
router = APIRouter()

Names = Annotated[str, Query(description="separated by commas", max_length=1000)]


def open_store(source: str | None) -> MoodStore | None:
    """The rollups of s3://bucket or of a folder; None for none."""
    if not source:
        return None
    if not source.startswith("s3://"):
        return MoodStore(lambda key: path.read_bytes() if (path := Path(source) / key).is_file() else None)
    bucket = source.removeprefix("s3://").strip("/")
    s3: list[Any] = []

    def fetch(key: str) -> bytes | None:
        import boto3  # only where it is needed: it is most of the time that a start would take

        if not s3:
            s3.append(boto3.client("s3"))
        try:
            body: bytes = s3[0].get_object(Bucket=bucket, Key=key)["Body"].read()
            return body
        except s3[0].exceptions.NoSuchKey:
            return None

    return MoodStore(fetch)


def store_of(request: Request) -> MoodStore:
    if request.app.state.mood is None:
        raise ApiError(404, "no_rollups", "this service has no rollups of the mood: set MOOD_SOURCE")
    store: MoodStore = request.app.state.mood
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


@router.get("/mood", responses=ERRORS)
def mood(
    request: Request,
    coin: Names = "",
    subreddit: Names = "",
    by: Names = "coin",
    since: Annotated[str | None, Query(alias="from", description="time (UTC), default: 24 hours before `to`")] = None,
    until: Annotated[str | None, Query(alias="to", description="time (UTC), default: now")] = None,
    top: Annotated[int, Query(ge=1, le=500, description="coins, those most written about")] = 20,
) -> JSONResponse:
    """Comments, negative, neutral, positive and net mood, each with its 95 % interval."""
    asked = {"coins": names(coin), "subreddits": names(subreddit), "by": names(by), "top": top}
    begin, end = seconds(since, "from"), seconds(until, "to")
    return answer(questions.mood, store_of(request), since=begin, until=end, **asked)


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
        raise ApiError(500, "unknown_revision", "the rollups are of a model that this service does not know") from None
    if found is None:
        raise ApiError(404, "unknown_coin", "nobody wrote of that coin in the last 20 days")
    return JSONResponse(found, headers=HEADERS)
