"""Request and response bodies of the HTTP API, and its one error shape."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from lambda_fn.settings import get_settings
from lambda_fn.text import TextError, check_text


def _check(value: Any) -> str:
    """`check_text` as a pydantic validator; plain, because pydantic's own str refuses lone surrogates."""
    try:
        return check_text(value, get_settings().max_text_chars)
    except TextError as error:
        raise PydanticCustomError(error.code, "{reason}", {"reason": str(error)}) from None


CommentText = Annotated[
    str,
    PlainValidator(_check),
    WithJsonSchema({"type": "string", "minLength": 1, "pattern": r"\S", "examples": ["Crypto to the moon!"]}),
]


class Comment(BaseModel):
    """One comment to score. Other fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    text: CommentText


class Score(BaseModel):
    """`score` is the calibrated probability of `label` between positive and negative."""

    label: str = Field(pattern="^(positive|negative)$")
    score: float = Field(ge=0.5, le=1)


class AnalyzeResponse(BaseModel):
    sentiment: Score


class BatchAnalyzeResponse(BaseModel):
    """In the order of the request."""

    sentiment: list[Score]


class Health(BaseModel):
    status: str


class Limits(BaseModel):
    text_chars: int
    batch_comments: int
    body_bytes: int
    model_tokens: int = Field(description="a longer comment is cut to this many tokens")


class Info(BaseModel):
    model: str
    revision: str
    labels: list[str]
    limits: Limits
    cpu: list[str] = Field(description="instruction sets that decide the speed of int8 inference")
    threads: int


class ErrorBody(BaseModel):
    code: str = Field(description="machine-readable, stable")
    message: str = Field(description="what to do about it")


class ErrorResponse(BaseModel):
    error: ErrorBody
