"""Request and response bodies of the HTTP API, and its one error shape."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from lambda_fn.model.text import INVISIBLE, TextError, check_text

# Something to read in it. The same whether a generated client searches it, matches it from the start, or as a whole.
READABLE = rf"^[\s\S]*[^{INVISIBLE}][\s\S]*$"


def _check(value: Any) -> str:
    """`check_text` as a pydantic validator; plain, because pydantic's own str refuses lone surrogates.

    How long a comment may be is a setting, which the route knows.
    """
    try:
        return check_text(value)
    except TextError as error:
        raise PydanticCustomError(error.code, "{reason}", {"reason": str(error)}) from None


CommentText = Annotated[
    str,
    PlainValidator(_check),
    WithJsonSchema({"type": "string", "minLength": 1, "pattern": READABLE, "examples": ["Crypto to the moon!"]}),
]


class Comment(BaseModel):
    """One comment to score. Other fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    text: CommentText


TEXT_SCHEMA = {"type": "string", "minLength": 1, "pattern": READABLE}
_LIST_OF_ONE = {"type": "array", "items": TEXT_SCHEMA, "minItems": 1, "maxItems": 1}

# Of /predict: Hugging Face's text classification, and text-embeddings-inference's.
PREDICT_SCHEMA: dict[str, Any] = {
    "oneOf": [
        {
            "title": "HuggingFaceInputs",
            "type": "object",
            "required": ["inputs", "parameters"],
            "properties": {
                "inputs": {"oneOf": [TEXT_SCHEMA, {"type": "array", "items": TEXT_SCHEMA}]},
                "parameters": {
                    "type": ["object", "null"],
                    "properties": {
                        "top_k": {"type": ["integer", "null"], "minimum": 1},
                        "function_to_apply": {"enum": ["softmax", None]},
                    },
                },
            },
            "examples": [{"inputs": "Crypto to the moon!", "parameters": {"top_k": 1}}],
        },
        {
            "title": "TextEmbeddingsInferenceInputs",
            "type": "object",
            "required": ["inputs"],
            "properties": {
                "inputs": {"oneOf": [TEXT_SCHEMA, _LIST_OF_ONE, {"type": "array", "items": _LIST_OF_ONE}]},
                "raw_scores": {"type": "boolean", "enum": [False]},
            },
            "not": {"required": ["parameters"]},
            "examples": [{"inputs": [["Crypto to the moon!"], ["total scam"]]}],
        },
    ]
}
_CLASSES = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["label", "score"],
        "properties": {
            "label": {"enum": ["negative", "neutral", "positive"]},
            "score": {"type": "number", "minimum": 0, "maximum": 1},
        },
    },
}
# The classes of one text (text-embeddings-inference), or of each text.
PREDICT_RESPONSE = {"anyOf": [_CLASSES, {"type": "array", "items": _CLASSES}]}


class Options(BaseModel):
    """Query parameters. Without any, the answer has the shape that clients have always known."""

    classes: int = Field(2, ge=2, le=3, description="3: `label` may be neutral; `score` is its probability of three")
    detail: bool = Field(False, description="add probabilities, tokens, truncated, settled and the model's revision")


class AnalyzeOptions(Options):
    explain: bool = Field(False, description="add what each word contributed")


class BatchOptions(Options):
    errors: Literal["all", "item"] = Field(
        "all", description="all: one bad comment refuses the batch; item: it gets an error in its place"
    )


class Probabilities(BaseModel):
    """They sum to 1."""

    negative: float = Field(ge=0, le=1)
    neutral: float = Field(ge=0, le=1)
    positive: float = Field(ge=0, le=1)


class Score(BaseModel):
    """`score` is the calibrated probability of `label` between positive and negative (`classes=3`: of all three)."""

    label: Literal["negative", "neutral", "positive"]
    score: float = Field(ge=0, le=1)
    probabilities: Probabilities | None = Field(None, description="with `detail`")
    tokens: int | None = Field(None, description="with `detail`: tokens the model read")
    truncated: bool | None = Field(None, description="with `detail`: whether the comment was longer than its window")
    settled: bool | None = Field(None, description="with `detail`: whether n-grams settled it and no encoder read it")


class Word(BaseModel):
    """A word of the comment, or several in a row where the comment has many."""

    text: str
    start: int = Field(ge=0, description="offset in the comment, in characters (code points)")
    end: int = Field(ge=0)
    contribution: float = Field(
        description="log-odds towards positive that the comment loses without it: negative pulls to negative"
    )


class Model(BaseModel):
    """With `detail`."""

    name: str
    revision: str


class AnalyzeResponse(BaseModel):
    sentiment: Score
    words: list[Word] | None = Field(None, description="with `explain`")
    model: Model | None = None


class ItemError(BaseModel):
    """With `errors=item`: in place of a comment that cannot be scored."""

    error: "ErrorBody"


class BatchAnalyzeResponse(BaseModel):
    """In the order of the request."""

    sentiment: list[Score | ItemError]
    model: Model | None = None


# Of /score. Whatever else stands in the list is an error in its place.
SCORE_SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "anyOf": [
            TEXT_SCHEMA,
            {"type": "object", "required": ["text"], "properties": {"text": TEXT_SCHEMA, "author": {}}},
        ]
    },
    "examples": [[{"text": "Sold my ETH and bought SOL!", "author": "somebody"}, "total scam"]],
}
Mood = Literal["negative", "neutral", "positive"]


class CoinMood(BaseModel):
    """The mood about a coin that the comment names."""

    coin: str
    mood: Mood
    p_negative: float
    p_neutral: float
    p_positive: float


class Result(BaseModel):
    """A result line without the comment's own fields; null where there is an error."""

    label: Literal["negative", "positive"] | None
    score: float | None = Field(description="probability of `label` between those two")
    mood: Mood | None = Field(description="the likeliest of three")
    p_negative: float | None
    p_neutral: float | None
    p_positive: float | None
    coins: list[CoinMood]
    language: Literal["en", "other"] | None
    truncated: bool
    model: str
    error: str = Field(description="a code, or empty")
    error_message: str


class ScoreResponse(BaseModel):
    """In the order of the request."""

    results: list[Result]


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
