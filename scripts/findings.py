"""The table of findings/README.md: what was guessed and what was seen, from the heads of findings/*.sh and from the
`library` marks in tests/libraries (`make readme` writes it).
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
FIELD = re.compile(r"^# (Guess|Seen|With): (.+?)(?=^# \w+: |^(?!#))", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Row:
    """One line of the table. `file` from the repository's root; `version` names packages and their versions."""

    file: str
    guess: str
    seen: str
    version: str


def scripts() -> Iterator[Row]:
    """The findings, by name. Raises ValueError for a script whose head lacks Guess, Seen or With."""
    for file in sorted((REPOSITORY / "findings").glob("*.sh")):
        fields = {name: re.sub(r"\s*\n#\s*", " ", text).strip() for name, text in FIELD.findall(file.read_text())}
        if missing := {"Guess", "Seen", "With"} - set(fields):
            raise ValueError(f"{file.name} has no line '# {min(missing)}: …' in its head")
        yield Row(str(file.relative_to(REPOSITORY)), fields["Guess"], fields["Seen"], fields["With"])


def tests() -> Iterator[Row]:
    """The pinned tests, by file."""
    for file in sorted((REPOSITORY / "tests" / "libraries").glob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            for mark in node.decorator_list if isinstance(node, ast.FunctionDef) else []:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.library":
                    said = {keyword.arg: ast.literal_eval(keyword.value) for keyword in mark.keywords}
                    version = ast.literal_eval(mark.args[0])
                    yield Row(str(file.relative_to(REPOSITORY)), said["guess"], said["seen"], version)


def table(rows: Iterable[Row]) -> str:
    """Markdown, a line per row."""
    lines = ["| guess | seen | with | file |", "|---|---|---|---|"]
    for row in rows:
        cells = [cell.replace("|", r"\|") for cell in (row.guess, row.seen, row.version)]
        lines.append(f"| {' | '.join(cells)} | [{Path(row.file).name}](../{row.file}) |")
    return "\n".join(lines)
