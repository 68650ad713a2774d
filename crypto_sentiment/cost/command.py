"""Turns the fields of Assumptions into command-line flags, so that help text and limits are written once."""

import functools
import inspect
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.errors import CostError

BAD_INPUT = 2


def with_assumption_flags(command: Callable) -> Callable:
    """Replace the `assumptions` parameter of a typer command by one flag per field of Assumptions."""
    signature = inspect.signature(command)
    own = [parameter for parameter in signature.parameters.values() if parameter.name != "assumptions"]
    flags = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=_annotation(field))
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


def _annotation(field: FieldInfo) -> Any:
    """The flag's type as typer reads it: a Literal becomes its strings (pydantic checks them), None stays optional."""
    kind: Any = field.annotation
    if typing.get_origin(kind) is typing.Literal:
        choices = typing.get_args(kind)
        return Annotated[str, typer.Option(help=f"{field.description}: {', '.join(choices)}")]
    if isinstance(kind, types.UnionType):
        kind = int | None
    return Annotated[kind, typer.Option(help=field.description)]
