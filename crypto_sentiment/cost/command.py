"""Turns the fields of Assumptions into command-line flags, so that help text and limits are written once."""

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from typer.core import TyperCommand

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.errors import CostError

BAD_INPUT = 2


class GroupedCommand(TyperCommand):
    """Lists its flags under headings: those of its own first, then the assumptions'."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list] = {}
        for parameter in sorted(self.get_params(ctx), key=lambda parameter: parameter.name in Assumptions.model_fields):
            if record := parameter.get_help_record(ctx):
                panel = getattr(parameter, "rich_help_panel", None) or "Options"
                groups.setdefault(panel, []).append(record)
        for panel, records in sorted(groups.items(), key=lambda group: group[0] == "Options"):
            with formatter.section(panel):
                formatter.write_dl(records)


def with_assumption_flags(command: Callable) -> Callable:
    """Replace the `assumptions` parameter of a typer command by one flag per field of Assumptions."""
    signature = inspect.signature(command)
    own = [parameter for parameter in signature.parameters.values() if parameter.name != "assumptions"]
    flags = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=_annotation(name, field)
        )
        for name, field in Assumptions.model_fields.items()
    ]

    @functools.wraps(command)
    def wrapped(**values: Any) -> Any:
        chosen = {name: values.pop(name) for name in Assumptions.model_fields}
        try:
            assumptions = read_assumptions(chosen)
        except CostError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(BAD_INPUT) from error
        return command(assumptions=assumptions, **values)

    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    wrapped.__signature__ = signature.replace(parameters=[*flags, *keyword_only])  # type: ignore[attr-defined]
    wrapped.command_class = GroupedCommand  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in [*flags, *keyword_only]}
    return wrapped


def read_assumptions(values: dict[str, Any]) -> Assumptions:
    """Raises CostError that names each flag whose value cannot be used, and why."""
    try:
        return Assumptions(**values)
    except ValidationError as error:
        reasons = []
        for problem in error.errors():
            flag = "--" + "-".join(map(str, problem["loc"])).replace("_", "-") + ": " if problem["loc"] else ""
            value = f" (not {problem['input']!r})" if problem["loc"] else ""
            reasons.append(f"{flag}{problem['msg'].removeprefix('Value error, ')}{value}")
        raise CostError("; ".join(reasons)) from error


def _annotation(name: str, field: FieldInfo) -> Any:
    """The flag's type as typer reads it: a Literal becomes its strings (pydantic checks them), None stays optional."""
    kind: Any = field.annotation
    text = field.description
    if typing.get_origin(kind) is typing.Literal:
        kind, text = str, f"{text}: {', '.join(typing.get_args(kind))}"
    return Annotated[kind, typer.Option(help=text, rich_help_panel=_panel(name))]


def _panel(name: str) -> str:
    """The heading under which `--help` lists the flag."""
    return next(panel for panel, names in PANELS.items() if name in names)


PANELS = {
    "The stream": (
        "comments_per_day", "peak_factor", "shape", "duplicates", "bytes_per_comment", "hours_in_month", "budget",
    ),
    "How comments travel": (
        "comments_per_request", "comments_per_message", "messages_per_invocation", "producer_wait_s",
        "batching_window_s", "requests_per_connection", "response_bytes", "batch_response_bytes", "callers",
    ),
    "Lambda": (
        "api_memory_mb", "bulk_memory_mb", "api_timeout_s", "bulk_timeout_s", "architecture", "host", "vnni_share",
        "pollers", "environment_life_min",
    ),
    "Fargate": (
        "fargate_vcpu", "fargate_memory_gb", "p99_target_ms", "worker_utilisation", "spot_share", "spot_discount",
    ),
    "What stands and what is kept": (
        "access_log", "access_log_bytes", "function_log_bytes", "log_bytes", "log_days", "result_bytes", "result_days",
        "metrics", "alarms", "dashboards", "secrets", "image_gb",
    ),
}  # fmt: skip
