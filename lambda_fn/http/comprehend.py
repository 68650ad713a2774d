"""Amazon Comprehend's DetectSentiment and DetectTargetedSentiment, each also in batches, and its jobs over documents in
S3: its SDKs work here unchanged.

    boto3.client("comprehend", endpoint_url="https://…").detect_sentiment(Text="to the moon", LanguageCode="en")

AWS JSON 1.1: every call is `POST /`, the operation named in the header X-Amz-Target. Limits and error names are
Comprehend's (https://docs.aws.amazon.com/comprehend/latest/APIReference/API_BatchDetectSentiment.html), and unlike
there the whole document is read. There is no mixed class: its score is always 0.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse
from starlette.types import Scope

from lambda_fn.http.auth import ApiKeyAuth
from lambda_fn.http.comprehend_jobs import JOB_OPERATIONS, job_call
from lambda_fn.http.errors import ApiError
from lambda_fn.http.paths import route_path
from lambda_fn.http.schemas import READABLE
from lambda_fn.http.sigv4 import Signature, SignatureRefused
from lambda_fn.http.targeted import entities_of
from lambda_fn.model.classifier import Sentiment
from lambda_fn.model.text import TextError, readable

MEDIA_TYPE = "application/x-amz-json-1.1"
TARGET = "Comprehend_20171127."
MAX_DOCUMENTS = 25
MAX_DOCUMENT_BYTES = 5000  # "5 KB", in UTF-8
LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW")
MODEL_LANGUAGE = "en"
OPERATION_NAMES = (
    "DetectSentiment",
    "BatchDetectSentiment",
    "DetectTargetedSentiment",
    "BatchDetectTargetedSentiment",
)

# Our errors by the names that Comprehend's clients know; anything else is an InvalidRequestException.
AWS_NAMES = {
    "internal_error": "InternalServerException",
    "auth_unavailable": "ServiceUnavailableException",
    "overloaded": "ServiceUnavailableException",
    "rate_exceeded": "TooManyRequestsException",
    "body_too_large": "RequestEntityTooLargeException",
    "body_timeout": "RequestTimeoutException",
}

router = APIRouter()


class ComprehendError(ApiError):
    """`code` is AWS's name for the error."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(status, code, message)


def is_call(scope: Scope) -> bool:
    return scope["method"] == "POST" and route_path(scope) == "/"


def error_response(scope: Scope, error: ApiError) -> JSONResponse:
    """An error as AWS's SDKs read it: they raise the exception class that `__type` names."""
    name = error.code if error.code.endswith("Exception") else AWS_NAMES.get(error.code, "InvalidRequestException")
    headers = {**error.headers, "x-amzn-errortype": name, "x-amzn-requestid": scope["request_id"]}
    return JSONResponse({"__type": name, "Message": error.message}, error.status, headers, media_type=MEDIA_TYPE)


def authorize(scope: Scope, headers: dict[str, str], auth: ApiKeyAuth) -> None:
    """Refuse, before the body is read, a call whose signature cannot be right whatever the body is."""
    if not auth.required:
        return
    try:
        scope["sigv4"] = Signature.parse(headers)
    except SignatureRefused as error:
        raise ComprehendError(error.name, error.message) from None


async def verify(request: Request, auth: ApiKeyAuth, body: bytes) -> None:
    """Raises ComprehendError unless the call is signed with the API key, where one is required."""
    if not auth.required:
        return
    signature: Signature = request.scope["sigv4"]
    paths = sent_paths(request.scope)
    name = await auth.proven(lambda key: any(signature.proves(key.value, "POST", path, body) for path in paths))
    request.scope["key_name"] = name
    if name is None:
        raise ComprehendError(
            "InvalidSignatureException", "the signature does not match; the secret access key must be the API key"
        )


def sent_paths(scope: Scope) -> set[str]:
    """The paths that the caller may have signed: what a proxy strips (a stage, ROOT_PATH) is part of it or not."""
    roots = {"", scope.get("root_path", "").rstrip("/"), scope.get("stage", "")}
    return {f"{root}/" for root in roots} | {root or "/" for root in roots}


REQUEST_SCHEMA = {
    "oneOf": [
        {
            "type": "object",
            "title": "DetectSentiment, DetectTargetedSentiment",
            "required": ["Text", "LanguageCode"],
            "properties": {
                "Text": {"type": "string", "minLength": 1, "pattern": READABLE},
                "LanguageCode": {"const": MODEL_LANGUAGE},
            },
        },
        {
            "type": "object",
            "title": "BatchDetectSentiment, BatchDetectTargetedSentiment",
            "required": ["TextList", "LanguageCode"],
            "properties": {
                "TextList": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MAX_DOCUMENTS,
                    "items": {"type": "string", "minLength": 1, "pattern": READABLE},
                },
                "LanguageCode": {"const": MODEL_LANGUAGE},
            },
        },
        {
            "type": "object",
            "title": "StartSentimentDetectionJob",
            "required": ["InputDataConfig", "OutputDataConfig", "DataAccessRoleArn", "LanguageCode"],
            "properties": {"LanguageCode": {"const": MODEL_LANGUAGE}},
        },
        {
            "type": "object",
            "title": "DescribeSentimentDetectionJob",
            "required": ["JobId"],
            "properties": {"JobId": {"type": "string", "minLength": 1, "maxLength": 32}},
        },
        {
            "type": "object",
            "title": "ListSentimentDetectionJobs",
            "properties": {"MaxResults": {"type": "integer", "minimum": 1, "maximum": 500}},
            "not": {"anyOf": [{"required": [name]} for name in ("Text", "TextList", "JobId", "InputDataConfig")]},
        },
    ]
}
_ERROR_SCHEMA = {"type": "object", "properties": {"__type": {"type": "string"}, "Message": {"type": "string"}}}


def _documented(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


@router.post(
    "/",
    operation_id="comprehend",
    summary="Amazon Comprehend: DetectSentiment and DetectTargetedSentiment, both in batches; jobs of the former",
    response_class=JSONResponse,
    responses={
        200: _documented("the result, as Comprehend gives it", {"type": "object"}),
        **{
            status: _documented(text, _ERROR_SCHEMA)
            for status, text in {
                400: "refused; __type is Comprehend's name for the error",
                404: "switched off (API_AUTH=iam)",
                408: "the body did not arrive in time",
                413: "the body is too large",
                415: "not application/x-amz-json-1.1",
                429: "the API key has reached its rate",
                500: "a fault of the service",
                503: "more is waiting than can be scored soon; see retry-after",
            }.items()
        },
        422: _documented("not used", _ERROR_SCHEMA),
    },
    openapi_extra={
        "parameters": [
            {
                "name": "X-Amz-Target",
                "in": "header",
                "required": True,
                "schema": {"enum": [TARGET + operation for operation in (*OPERATION_NAMES, *JOB_OPERATIONS)]},
            }
        ],
        "requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": REQUEST_SCHEMA}}},
        "security": [{}, {"sigv4": []}],
    },
)
async def comprehend(request: Request) -> JSONResponse:
    """One call of Comprehend's API, named by X-Amz-Target."""
    state = request.app.state
    if state.settings.api_auth == "iam":
        # API Gateway has checked a signature for execute-api; SDKs sign these calls for comprehend, so none gets here
        # but by a caller who may as well use /analyze.
        raise ComprehendError("UnknownOperationException", "Comprehend's API is off where API_AUTH=iam", 404)
    body = await request.body()
    await verify(request, state.auth, body)
    operation = request.headers.get("x-amz-target", "").removeprefix(TARGET)
    if operation not in OPERATION_NAMES + JOB_OPERATIONS:
        served = ", ".join(OPERATION_NAMES + JOB_OPERATIONS)
        raise ComprehendError("UnknownOperationException", f"only {served} are served here")
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise ComprehendError("SerializationException", "the body is not valid JSON") from None
    if not isinstance(payload, dict):
        raise ComprehendError("SerializationException", "the body is not a JSON object")
    headers = {"x-amzn-requestid": request.scope["request_id"], "x-model-revision": state.classifier.revision}
    if operation in JOB_OPERATIONS:
        if operation == "StartSentimentDetectionJob":
            check_language(payload.get("LanguageCode"))
        authorization = request.headers.get("authorization", "")
        answer = await asyncio.to_thread(job_call, state.settings, operation, payload, authorization)
        return JSONResponse(answer, media_type=MEDIA_TYPE, headers=headers)
    check_language(payload.get("LanguageCode"))
    results_of = targeted if operation.endswith("TargetedSentiment") else whole
    answer = await (batch if operation.startswith("Batch") else one)(request, results_of, payload)
    return JSONResponse(answer, media_type=MEDIA_TYPE, headers=headers)


def check_language(code: object) -> None:
    if code not in LANGUAGES:
        raise ComprehendError("ValidationException", f"LanguageCode must be one of {', '.join(LANGUAGES)}")
    if code != MODEL_LANGUAGE:
        raise ComprehendError("UnsupportedLanguageException", f"the model reads {MODEL_LANGUAGE!r} only")


# Of texts the members of each result but its Index, or why a text cannot be read.
ResultsOf = Callable[[Request, Sequence[str]], Awaitable[list[Any]]]


async def whole(request: Request, texts: Sequence[str]) -> list[dict[str, Any] | TextError]:
    """`{"Sentiment", "SentimentScore"}` of each text."""
    outcomes = await request.app.state.workload.classify(request, texts)
    return [result(outcome) if isinstance(outcome, Sentiment) else outcome for outcome in outcomes]


async def targeted(request: Request, texts: Sequence[str]) -> list[dict[str, Any] | TextError]:
    """`{"Entities"}` of each text."""
    state = request.app.state
    outcomes = await entities_of(request, state.workload, state.classifier, texts)
    return [outcome if isinstance(outcome, TextError) else {"Entities": outcome} for outcome in outcomes]


async def one(request: Request, results_of: ResultsOf, payload: dict[str, Any]) -> dict[str, Any]:
    """`{"Text"}` -> the members of its result."""
    text: Any = payload.get("Text")
    problem = text_problem(text)
    if problem:
        raise problem
    outcome: Any = (await results_of(request, [text]))[0]
    if isinstance(outcome, TextError):
        raise unreadable(outcome)
    members: dict[str, Any] = outcome
    return members


async def batch(request: Request, results_of: ResultsOf, payload: dict[str, Any]) -> dict[str, Any]:
    """`{"TextList"}` -> `{"ResultList", "ErrorList"}`: a bad document is an entry of ErrorList, by its index."""
    texts = payload.get("TextList")
    if not isinstance(texts, list) or not texts:
        raise ComprehendError("ValidationException", "TextList must be a list of at least one document")
    if len(texts) > MAX_DOCUMENTS:
        raise ComprehendError(
            "BatchSizeLimitExceededException", f"{len(texts)} documents; at most {MAX_DOCUMENTS} are allowed"
        )
    outcomes: list[Any] = [text_problem(text) for text in texts]
    good = [index for index, problem in enumerate(outcomes) if not problem]
    for index, outcome in zip(good, await results_of(request, [texts[index] for index in good]), strict=True):
        outcomes[index] = unreadable(outcome) if isinstance(outcome, TextError) else outcome
    return {
        "ResultList": [{"Index": i, **o} for i, o in enumerate(outcomes) if isinstance(o, dict)],
        "ErrorList": [
            {"Index": i, "ErrorCode": o.code, "ErrorMessage": o.message}
            for i, o in enumerate(outcomes)
            if isinstance(o, ComprehendError)
        ],
    }


def unreadable(error: TextError) -> ComprehendError:
    return ComprehendError("InvalidRequestException", str(error))


def text_problem(text: object) -> ComprehendError | None:
    """Why this document cannot be scored."""
    if not isinstance(text, str) or not readable(text):
        return ComprehendError("InvalidRequestException", "a document must be a string that is not blank")
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_DOCUMENT_BYTES:
        return ComprehendError(
            "TextSizeLimitExceededException",
            f"Input text size exceeds limit. Max length of request text allowed is {MAX_DOCUMENT_BYTES} bytes while in "
            f"this request the text size is {size} bytes",
        )
    return None


def result(sentiment: Sentiment) -> dict[str, Any]:
    scores = {label.capitalize(): round(value, 6) for label, value in sentiment.probabilities.items()}
    return {"Sentiment": max(scores, key=scores.__getitem__).upper(), "SentimentScore": {**scores, "Mixed": 0.0}}
