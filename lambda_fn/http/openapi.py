"""The API's own description. It depends on the code alone, not on the settings or the model, so that the copy in
docs/openapi.json can be compared with it."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from lambda_fn.contract import VERSION

DESCRIPTION = "The mood of crypto comments: a quantized DistilBERT behind a few routes."
SECURITY_SCHEMES = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "where API_AUTH=api-key"},
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "the same key, as Hugging Face's clients and Prometheus send one",
    },
    "sigv4": {
        "type": "apiKey",
        "in": "header",
        "name": "authorization",
        "description": "AWS Signature Version 4 for the service `comprehend`; the secret access key is the API key",
    },
}
GUARDED = {"/analyze", "/batch_analyze", "/score", "/mood", "/predict", "/info", "/metrics"}


def describe(app: FastAPI) -> None:
    """Make `app.openapi` answer with `document`."""
    app.version = VERSION

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way of changing the document


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with what FastAPI cannot know: the guard asks for a key, and Comprehend's route is not
    validated by FastAPI."""
    schema = get_openapi(title=app.title, version=VERSION, description=DESCRIPTION, routes=app.routes)
    schema["components"]["securitySchemes"] = SECURITY_SCHEMES
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            if path in GUARDED:
                operation["security"] = [{}, {"apiKey": []}, {"bearer": []}]
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's error shape, which this API does not use
        schema["components"]["schemas"].pop(name, None)
    schema["paths"]["/"]["post"]["responses"].pop("422", None)
    return schema
