"""What was submitted: a JSONL file of a header and one line for each work, in the order of the input."""

import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from crypto_sentiment.bulk.packing import Message
from crypto_sentiment.files.errors import InputError
from crypto_sentiment.files.places import RECEIPT


@dataclass
class Receipt:
    """header: `source` (the input's name, size and sha256, and the bucket that it went through) and `partition` (time
    of the results), and once all is sent `comments`, their number. works: (work id, number of comments) of what the
    queue took.
    """

    path: Path
    header: dict
    works: list[tuple[str, int]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> "Receipt":
        """Raises InputError if there is none. A last line cut off is left out."""
        try:
            lines = path.read_text().splitlines(keepends=True)
            header = json.loads(lines[0])
            works = [json.loads(line) for line in lines[1:] if line.endswith("\n")]
            receipt = cls(path, header, [(str(work["work_id"]), int(work["comments"])) for work in works])
            assert receipt.partition.tzinfo
            assert "bucket" in header["source"]
        except (OSError, ValueError, LookupError, TypeError, AssertionError):
            raise InputError(f"{path} is not a receipt of crypto-sentiment submit") from None
        return receipt

    @classmethod
    def earlier(cls, path: Path, bucket: str | None) -> "Receipt | None":
        """The receipt of an earlier run that went the same way; None if there is none."""
        try:
            found = cls.read(path)
        except InputError:
            if path.exists() and path.stat().st_size:
                raise
            return None
        return found if found.header["source"]["bucket"] == bucket else None

    @property
    def comments(self) -> int:
        return sum(count for _, count in self.works)

    @property
    def is_complete(self) -> bool:
        """Whether all of the input was sent. Receipts of before there was a sha256 in them do not say."""
        return "comments" in self.header or "sha256" not in self.header["source"]

    def finish(self) -> None:
        """Note that all is sent."""
        self.header["comments"] = self.comments
        self.start()

    @property
    def partition(self) -> datetime:
        return datetime.fromisoformat(self.header["partition"])

    def start(self) -> None:
        """Write what is known so far; later works are appended."""
        lines = [self.header, *({"work_id": work_id, "comments": count} for work_id, count in self.works)]
        part = self.path.with_name(f".{self.path.name}.new")
        with part.open("w") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)

    def add(self, message: Message) -> None:
        """Note a message that the queue took."""
        self.works.append((message.work_id, message.comments))
        with self.path.open("a") as file:
            file.write(json.dumps({"work_id": message.work_id, "comments": message.comments}) + "\n")

    def put_aside(self) -> Path:
        """Give the file another name, which tells when it was begun. Returns that name."""
        stem = self.path.name.removesuffix(RECEIPT)
        aside = self.path.with_name(f"{stem}.{self.partition:%Y-%m-%dT%H%M%S}{RECEIPT}")
        self.path.replace(aside)
        return aside
