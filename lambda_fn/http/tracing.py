"""Traces for OpenTelemetry, where its usual variables name an exporter, such as OTEL_EXPORTER_OTLP_ENDPOINT.

FastAPI makes the spans, and takes part in a caller's trace (`traceparent`); by itself it would put the path and the
query as they were sent into them, and exceptions with their messages into logs. What leaves here is what ALLOWED names:
no query, no path that is no route, no header, no address, no message, and never a text.

The SDK and the exporter come with the extra `traces` and are not in the image.
https://opentelemetry.io/docs/languages/sdk-configuration/otlp-exporter/
"""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
SERVICE_NAME = "crypto-sentiment"
# Attributes of spans: https://opentelemetry.io/docs/specs/semconv/http/http-spans/, and the service's own.
ALLOWED = frozenset(
    {
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "network.protocol.version",
        "url.scheme",
        "sentiment.comments",
        "sentiment.model",
        "sentiment.tokens",
        "sentiment.truncated",
    }
)

_log = logging.getLogger(__name__)


def is_configured() -> bool:
    """Whether the variables of OpenTelemetry say where traces go."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return any(os.environ.get(name) for name in ENDPOINTS)


def provider() -> trace.TracerProvider | None:
    """What sends the spans of this process to the exporter that is configured; None where none is."""
    if not is_configured():
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError:
        _log.warning("no traces: they are asked for, and the extra is missing: pip install 'crypto-sentiment[traces]'")
        return None
    named = (
        Resource.create() if os.environ.get("OTEL_SERVICE_NAME") else Resource.create({"service.name": SERVICE_NAME})
    )
    made = TracerProvider(resource=named)
    made.add_span_processor(BatchSpanProcessor(allowing(OTLPSpanExporter())))
    return made


def allowing(exporter: Any) -> Any:
    """A SpanExporter that gives `exporter` the spans with what ALLOWED names, without events and messages."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from opentelemetry.trace import Status

    def bare(span: ReadableSpan) -> ReadableSpan:
        return ReadableSpan(
            name=span.name,
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes={name: value for name, value in (span.attributes or {}).items() if name in ALLOWED},
            kind=span.kind,
            status=Status(span.status.status_code),
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    class Allowing(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            result: SpanExportResult = exporter.export([bare(span) for span in spans])
            return result

        def shutdown(self) -> None:
            exporter.shutdown()

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return bool(exporter.force_flush(timeout_millis))

    return Allowing()


def config(tracer_provider: trace.TracerProvider | None) -> TelemetryConfig:
    """What FastAPI may do: spans by this provider, or nothing. Another library's providers get nothing from it."""
    return {
        "tracing": tracer_provider is not None,
        "tracer_provider": tracer_provider,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
    }


def note(comments: int, headers: Mapping[str, str]) -> None:
    """Say in the request's span what was scored. headers: of the answer. Nothing where no span is recorded."""
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attributes(
            {
                "sentiment.comments": comments,
                "sentiment.tokens": int(headers["x-compute-tokens"]),
                "sentiment.truncated": int(headers["x-truncated"]),
                "sentiment.model": headers["x-model-revision"],
            }
        )
