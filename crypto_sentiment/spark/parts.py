"""How a source is cut into parts, and which of them are done: what lets a job be stopped and go on.

A part is some files of the source. It is one folder of the output, `part=00007/`, written by one Spark write that
replaces the folder and adds `_SUCCESS` last: a part with that mark is complete and is not scored again, one without is
scored from its start. The list of parts is kept in the output's `_plan/`, so that new files of the source become new
parts, and files that changed since they were scored are noticed.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from crypto_sentiment.spark.errors import SparkJobError
from crypto_sentiment.spark.sources import SourceFile
from crypto_sentiment.spark.storage import Storage

PLAN = "_plan"
DONE = "_SUCCESS"  # written by Spark's output committer when a write is complete
# About half an hour of 64 cores: what an interrupt may cost, against what a part costs to begin and end.
PART_BYTES = 8 * 1024**3


@dataclass(frozen=True)
class Part:
    """name: its folder in the output."""

    name: str
    files: tuple[SourceFile, ...]


class Plan:
    """The parts of one output. settings: what all its parts have in common, the model's revision among it."""

    def __init__(self, storage: Storage, settings: dict):
        self._storage = storage
        self.settings = settings
        self.schema: dict | None = None
        self.parts: list[Part] = []
        self._load()

    def _load(self) -> None:
        """Raises SparkJobError if the output was begun with other settings."""
        for name in self._storage.names(PLAN):
            if name.startswith("."):
                continue
            document = json.loads(self._storage.read(f"{PLAN}/{name}"))
            for key, value in document["settings"].items():
                if self.settings.get(key) != value:
                    raise SparkJobError(
                        f"{self._storage.root} was begun with {key} {value!r}, and this is {self.settings.get(key)!r}: "
                        "name another output"
                    )
            self.schema = document["schema"]
            for part in document["parts"]:
                self.parts.append(Part(part["name"], tuple(SourceFile(**file) for file in part["files"])))

    def take_up(self, files: Sequence[SourceFile]) -> list[SourceFile]:
        """Those of `files` that are in no part yet. Raises SparkJobError if one that is has changed, or is gone."""
        now = {file.path: file for file in files}
        planned = {file.path: file for part in self.parts for file in part.files}
        if changed := sorted(path for path, file in planned.items() if now.get(path) != file):
            raise SparkJobError(
                f"{len(changed)} files of the source changed since they were planned, {changed[0]} among them: "
                "name another output"
            )
        return [file for file in files if file.path not in planned]

    def add(self, files: Iterable[SourceFile], schema: dict, part_bytes: int = PART_BYTES) -> None:
        """Make parts of `files`, and put them on record before anything of them is scored."""
        first = len(self.parts)
        added = [Part(f"part={first + n:05d}", tuple(group)) for n, group in enumerate(groups(files, part_bytes))]
        if not added:
            return
        document = {
            "settings": self.settings,
            "schema": schema,
            "parts": [{"name": part.name, "files": [asdict(file) for file in part.files]} for part in added],
        }
        self._storage.write(f"{PLAN}/{first:05d}.json", json.dumps(document))
        self.schema = schema
        self.parts += added

    def is_done(self, part: Part) -> bool:
        return self._storage.exists(f"{part.name}/{DONE}")


def groups(files: Iterable[SourceFile], most_bytes: int) -> Iterable[list[SourceFile]]:
    """Consecutive files of at most `most_bytes` together; a larger one is a group of its own."""
    group: list[SourceFile] = []
    size = 0
    for file in files:
        if group and size + file.bytes > most_bytes:
            yield group
            group, size = [], 0
        group.append(file)
        size += file.bytes
    if group:
        yield group
