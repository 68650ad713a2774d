"""Which of a comment's fields is its text, its id, its time; and what its own fields are called beside ours."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lambda_fn.bulk.times import TIME_NAMES, as_utc, iso
from lambda_fn.contract import RESULT_FIELDS

# The usual names, in any case and with blanks around them; the first that a comment has is taken.
TEXT_NAMES = (
    "text",
    "body",
    "comment",
    "comment_body",
    "comment_text",
    "content",
    "selftext",
    "full_text",
    "message",
)
ID_NAMES = ("id", "comment_id", "id_str", "_id")
_RESERVED = frozenset(RESULT_FIELDS)
# Shapes of records that are remembered; a stream whose every record has other fields must not fill the memory.
_REMEMBERED = 1000
ABSENT = object()


def usual(names: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Those of `names` that are among `wanted`, in the order of `wanted`."""
    by_name: dict[str, str] = {}
    for name in names:
        by_name.setdefault(name.strip().lower(), name)
    return [by_name[name] for name in wanted if name in by_name]


def at(comment: dict[str, Any], column: str) -> Any:
    """The value of a column by its name, or by a dotted path into nested objects; ABSENT if there is none."""
    if column in comment:
        return comment[column]
    value: Any = comment
    for step in column.split("."):
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return ABSENT
    return value


@dataclass(frozen=True, slots=True)
class Plan:
    """What records of one set of fields hold. own: (their name, its name in the result) of the fields to keep; times:
    likewise, of those that say when."""

    texts: tuple[str, ...]
    id: str | None
    author: str | None
    times: tuple[tuple[str, str], ...]
    own: tuple[tuple[str, str], ...]


@dataclass
class Columns:
    """How a source's records are read. text, id, time: named by a person (dotted for nested), else found by name.

    texts: what of the usual names a look at the source found, best first; empty: each record is looked at by itself.
    names: fields that the source is known to have, so that a clash is renamed alike in all its records.
    keep_text: whether the text stays among the own fields.
    """

    text: str | None = None
    id: str | None = None
    time: str | None = None
    texts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    keep_text: bool = False
    _plans: dict[tuple[str, ...], Plan] = field(default_factory=dict, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_plans": {}}

    def plan(self, comment: dict[str, Any]) -> Plan:
        """The plan for a record of such fields."""
        shape = tuple(comment)
        plan = self._plans.get(shape)
        if plan is None:
            if len(self._plans) >= _REMEMBERED:
                self._plans.clear()
            plan = self._plans[shape] = self._make(shape)
        return plan

    def _make(self, shape: tuple[str, ...]) -> Plan:
        texts = (self.text,) if self.text else self.texts or tuple(usual(shape, TEXT_NAMES))
        times = {*usual(shape, TIME_NAMES), self.time}
        found_id = self.id or next(iter(usual(shape, ID_NAMES)), None)
        own = [name for name in shape if not (name == found_id and _folded(name) == "id")]
        author = next(iter(usual(shape, ("author",))), None)
        renamed = self._renamed(own)
        return Plan(texts, found_id, author, tuple(pair for pair in renamed if pair[0] in times), renamed)

    def _renamed(self, own: list[str]) -> tuple[tuple[str, str], ...]:
        """Engines that read the results fold case: a field `Score` clashes with `score` as well."""
        taken = {_folded(name) for name in (*self.names, *own)} | _RESERVED
        pairs = []
        for name in own:
            target = name
            while _folded(name) in _RESERVED and _folded(target) in taken:
                target = f"comment_{target}"
            taken.add(_folded(target))
            pairs.append((name, target))
        return tuple(pairs)

    def text_of(self, comment: dict[str, Any], plan: Plan) -> tuple[str | None, Any]:
        """The column that holds the comment's text, and what it holds; (None, ABSENT) if it has none.

        Text in pieces, as messengers export it, is joined.
        """
        column, value = None, ABSENT
        for name in plan.texts:
            found = at(comment, name)
            if isinstance(found, list) and found and all(_piece(part) is not None for part in found):
                found = "".join(_piece(part) or "" for part in found)
            if isinstance(found, str):
                return name, found
            if value is ABSENT and found is not ABSENT:
                column, value = name, found
        return column, value

    def own_fields(self, comment: dict[str, Any], plan: Plan, text_column: str | None) -> dict[str, Any]:
        """The comment's own fields by their names in the result, its times as UTC text."""
        fields = {target: comment[name] for name, target in plan.own}
        for name, target in plan.times:
            if time := as_utc(comment[name]):
                fields[target] = iso(time)
        if not self.keep_text and text_column:
            self._leave_out(fields, plan, text_column)
        return fields

    def _leave_out(self, fields: dict[str, Any], plan: Plan, text_column: str) -> None:
        for name, target in plan.own:
            if name == text_column:
                del fields[target]
            elif text_column.startswith(f"{name}."):
                fields[target] = _without(fields[target], text_column[len(name) + 1 :].split("."))


def id_text(value: Any) -> str | None:
    """An id as results carry it, always text: ids above 2**53 lose digits wherever they are read as numbers."""
    if value is ABSENT or value is None or value != value:
        return None
    return value if isinstance(value, str) else json.dumps(value)


def _folded(name: str) -> str:
    return name.strip().lower()


def _without(value: Any, path: list[str]) -> Any:
    if not isinstance(value, dict) or path[0] not in value:
        return value
    if len(path) == 1:
        return {name: v for name, v in value.items() if name != path[0]}
    return {**value, path[0]: _without(value[path[0]], path[1:])}


def _piece(part: Any) -> str | None:
    if isinstance(part, dict):
        part = part.get("text")
    return part if isinstance(part, str) else None
