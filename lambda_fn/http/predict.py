"""`POST /predict`: the request and answer of the two servers that text classifiers are usually called on.

    {"inputs": "to the moon", "parameters": {}}  ->  [[{"label": "positive", "score": 0.98}, …]]     Hugging Face
    {"inputs": "to the moon"}                    ->   [{"label": "positive", "score": 0.98}, …]      TEI
    {"inputs": [["to the moon"], ["a scam"]]}    ->  [[…], […]]                                      TEI

`parameters` tells them apart. With it, the shape is that of Hugging Face's Inference API
(https://huggingface.co/docs/inference-providers/tasks/text-classification), a list in a list for one text, so that
`huggingface_hub.InferenceClient(model=URL).text_classification(…)` works unchanged. Without, it is that of
text-embeddings-inference (https://huggingface.github.io/text-embeddings-inference/), where two strings in a list are
one pair of texts, which this model does not read. Labels come with the likeliest first.

Inference Endpoints answer at their root, so `POST /` is answered in the same way where it brings JSON.
"""

import json
import time
from typing import Any, NoReturn

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse
from starlette.types import Scope

from lambda_fn.http.answers import text_error
from lambda_fn.http.errors import ApiError
from lambda_fn.http.paths import route_path
from lambda_fn.http.routes import DOCUMENTED_ERRORS, scored
from lambda_fn.http.schemas import PREDICT_RESPONSE, PREDICT_SCHEMA, Options
from lambda_fn.model.classifier import Sentiment
from lambda_fn.model.text import TextError, check_text

PATH = "/predict"
MEDIA_TYPE = "application/json"

router = APIRouter()


def is_call_at_root(scope: Scope, headers: dict[str, str]) -> bool:
    """Whether `POST /` is meant for here: JSON that names no operation of Amazon Comprehend."""
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    at_root = scope["method"] == "POST" and route_path(scope) == "/"
    return at_root and content_type == MEDIA_TYPE and "x-amz-target" not in headers


@router.post(
    PATH,
    responses={200: {"content": {MEDIA_TYPE: {"schema": PREDICT_RESPONSE}}}, **DOCUMENTED_ERRORS},
    openapi_extra={"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": PREDICT_SCHEMA}}}},
)
async def predict(request: Request) -> JSONResponse:
    """Score texts as Hugging Face's text classification (with `parameters`) or text-embeddings-inference does."""
    started = time.perf_counter()
    settings = request.app.state.settings
    body = parse(await request.body())
    if "parameters" in body:
        texts, top_k, flat = inputs_of_hugging_face(body["inputs"]), top_k_of(body["parameters"]), False
    else:
        (texts, flat), top_k = inputs_of_tei(body), None
    if len(texts) > settings.max_batch_comments:
        raise ApiError(413, "batch_too_large", f"{len(texts)} texts; at most {settings.max_batch_comments} are allowed")
    for index, text in enumerate(texts):
        try:
            check_text(text, settings.max_text_chars)
        except TextError as error:
            unreadable(error, index, len(texts))
    results = await request.app.state.workload.classify(request, texts)
    sentiments: list[Sentiment] = []
    for index, result in enumerate(results):
        if isinstance(result, TextError):
            unreadable(result, index, len(texts))
        sentiments.append(result)
    answers = [ranked(sentiment)[:top_k] for sentiment in sentiments]
    return scored(answers[0] if flat else answers, sentiments, request, Options(classes=2, detail=False), started)


def ranked(sentiment: Sentiment) -> list[dict[str, Any]]:
    """The classes with their calibrated probabilities, the likeliest first."""
    pairs = sorted(sentiment.probabilities.items(), key=lambda pair: -pair[1])
    return [{"label": label, "score": round(probability, 6)} for label, probability in pairs]


def parse(content: bytes) -> dict[str, Any]:
    """The JSON object in a request body, which has `inputs`. Raises ApiError 400 or 422."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise ApiError(400, "invalid_json", "the body is not valid JSON") from None
    if not isinstance(body, dict) or "inputs" not in body:
        refuse("the body is a JSON object with the field inputs")
    return body


def inputs_of_hugging_face(inputs: object) -> list[str]:
    """The texts of a string, or of a list of strings. Raises ApiError 422."""
    if isinstance(inputs, str):
        return [inputs]
    if isinstance(inputs, list) and all(isinstance(text, str) for text in inputs):
        return inputs
    refuse("inputs is a string or a list of strings where parameters is sent; pairs of texts are not read")


def inputs_of_tei(body: dict[str, Any]) -> tuple[list[str], bool]:
    """The texts, and whether the answer is one flat list: of a string, or a list of one. Raises ApiError 422."""
    if body.get("raw_scores", False) is not False:
        refuse("raw_scores: there are calibrated probabilities only")
    inputs = body["inputs"]
    if isinstance(inputs, str):
        return [inputs], True
    if not isinstance(inputs, list):
        refuse("inputs is a string, or a list of lists of one string each")
    if inputs and all(isinstance(item, str) for item in inputs):
        check_sequence(inputs, "inputs")
        return inputs, True
    for index, item in enumerate(inputs):
        check_sequence(item, f"inputs[{index}]")
    return [item[0] for item in inputs], False


def check_sequence(item: object, place: str) -> None:
    """Raises ApiError 422 unless `item` is a list of one string."""
    if not isinstance(item, list) or not item or not all(isinstance(text, str) for text in item):
        refuse(f'{place}: a text of a batch is a list of one string, as in [["a"], ["b"]]')
    if len(item) > 1:
        refuse(
            f"{place}: {len(item)} strings in one list are a pair of texts, which this model does not read; a batch is "
            '[["a"], ["b"]], or ["a", "b"] beside "parameters": {}'
        )


def top_k_of(parameters: object) -> int | None:
    """How many classes are asked for; None: all. Raises ApiError 422."""
    if parameters is None:
        return None
    if not isinstance(parameters, dict):
        refuse("parameters is a JSON object")
    if parameters.get("function_to_apply") not in (None, "softmax"):
        refuse("parameters.function_to_apply: there are calibrated probabilities only, as of softmax")
    top_k = parameters.get("top_k")
    if top_k is None:
        return None
    if not isinstance(top_k, int) or isinstance(top_k, bool) or top_k < 1:
        refuse("parameters.top_k is a whole number of at least 1")
    return top_k


def unreadable(error: TextError, index: int, texts: int) -> NoReturn:
    place = f"inputs[{index}]" if texts > 1 else "inputs"
    raise text_error(error.code, f"{place}: {error}") from None


def refuse(message: str) -> NoReturn:
    raise ApiError(422, "invalid_request", message)
