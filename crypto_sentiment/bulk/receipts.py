"""What was submitted: a JSONL file of a header and one line for each work, in the order of the input."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass
class Receipt:
    """header: `source` (identity of the input and of the way it was packed) and `partition` (time of the results).

    works: (work id, number of comments) of what the queue took.
    """

    path: Path
    header: dict
    works: list[tuple[str, int]] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, identity: dict, now: str) -> "Receipt":
        """The receipt of an earlier run of the same input, else a new one."""
        try:
            found = cls.read(path)
            if found.header["source"] == identity:
                return found
        except (OSError, ValueError, KeyError, IndexError):
            pass
        return cls(path, {"source": identity, "partition": now})

    @classmethod
    def read(cls, path: Path) -> "Receipt":
        """Raises OSError, ValueError, KeyError or IndexError if there is none. A last line cut off is left out."""
        lines = path.read_text().splitlines(keepends=True)
        header = json.loads(lines[0])
        works = [json.loads(line) for line in lines[1:] if line.endswith("\n")]
        return cls(path, header, [(work["work_id"], work["comments"]) for work in works])

    @property
    def comments(self) -> int:
        return sum(count for _, count in self.works)

    @property
    def partition(self) -> datetime:
        return datetime.fromisoformat(self.header["partition"])

    def start(self) -> None:
        """Write what is known so far; later works are appended."""
        lines = [self.header, *({"work_id": work_id, "comments": count} for work_id, count in self.works)]
        self.path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def add(self, work_id: str, comments: int) -> None:
        """Note a work that the queue took."""
        self.works.append((work_id, comments))
        with self.path.open("a") as file:
            file.write(json.dumps({"work_id": work_id, "comments": comments}) + "\n")

    def unsent(self, messages: Iterator) -> Iterator:
        """`messages` without those at its head that an earlier run sent."""
        sent = len(self.works)
        for index, message in enumerate(messages):
            if index >= sent:
                yield message
