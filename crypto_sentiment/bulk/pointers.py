"""Objects that lie in S3 already, sent as pointers: nothing is copied, and nothing is read but the first object's head.

The receipt has a line for each object, with its ETag: the same command again sends what is new or was overwritten.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crypto_sentiment.bulk.packing import Message
from crypto_sentiment.files.errors import InputError
from crypto_sentiment.files.places import RECEIPT, Place
from lambda_fn.bulk.sqs import encode_body
from lambda_fn.bulk.work import object_work_id

PARQUET_SUFFIXES = (".parquet", ".pq")


@dataclass
class PointerReceipt:
    """What was sent of one URL: works are (work id, object), in the order of sending. text_column: the field of the
    text, where it has no usual name."""

    path: Path
    url: str
    text_column: str | None = None
    works: dict[str, Place] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "PointerReceipt | None":
        """None if the file is no such receipt, or not there. A last line that was cut off is left out."""
        try:
            lines = path.read_text().splitlines(keepends=True)
            header = json.loads(lines[0])
            receipt = cls(path, header["objects_of"], header["text_column"])
            for line in lines[1:]:
                if line.endswith("\n"):
                    work = json.loads(line)
                    place = Place(**{**work["object"], "listed": True})
                    receipt.works[work["work_id"]] = place
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return receipt

    @classmethod
    def to_go_on_with(cls, path: Path, url: str, text_column: str | None) -> "PointerReceipt":
        """An earlier run's receipt, or a new one. Raises InputError if the file is something else."""
        found = cls.read(path)
        if found is None and path.exists() and path.stat().st_size:
            raise InputError(f"{path} is not a receipt of objects in S3")
        if found and (found.url, found.text_column) != (url, text_column):
            said = f"{found.url}, text in {found.text_column or 'the usual fields'}"
            raise InputError(f"{path} is the receipt of {said}: name another with --receipt")
        if found is None:
            found = cls(path, url, text_column)
        found.start()
        return found

    def start(self) -> None:
        """Write what is known so far, without a line that was cut off; later works are appended."""
        part = self.path.with_name(f".{self.path.name}.new")
        header = json.dumps({"objects_of": self.url, "text_column": self.text_column}) + "\n"
        part.write_text(header + "".join(self._line(work_id, place) for work_id, place in self.works.items()))
        part.replace(self.path)

    def messages(self, places: list[Place]) -> Iterator[Message]:
        """A message for each object that is not known."""
        for place in places:
            etag = place.etag.strip('"')
            work_id = object_work_id(place.bucket, place.key, etag, self.text_column)
            if work_id in self.works:
                continue
            pointer = {"bucket": place.bucket, "key": place.key, "etag": etag}
            if self.text_column:
                pointer["text_column"] = self.text_column
            body = encode_body({"s3": pointer})
            yield ObjectMessage(work_id, body, 0, len(body.encode()), place=place)

    def add(self, message: Message) -> None:
        """Note an object that the queue took a pointer to."""
        assert isinstance(message, ObjectMessage)
        self.works[message.work_id] = message.place
        with self.path.open("a") as file:
            file.write(self._line(message.work_id, message.place))

    @staticmethod
    def _line(work_id: str, place: Place) -> str:
        names = ("name", "size", "bucket", "key", "etag", "modified")
        return json.dumps({"work_id": work_id, "object": {name: getattr(place, name) for name in names}}) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectMessage(Message):
    """A message that points to an object."""

    place: Place


def default_receipt(url: str) -> Path:
    """In the folder at hand, named by the URL."""
    name = re.sub(r"[^A-Za-z0-9._=]+", "-", url.removeprefix("s3://")).strip("-.")
    return Path(f"{name}{RECEIPT}")


def without_parquet(places: list[Place], tell: Callable[[str], Any]) -> list[Place]:
    """The objects that the bulk handler reads; the others are told of. Raises InputError if none is left."""
    parquet = [place for place in places if place.key.lower().endswith(PARQUET_SUFFIXES)]
    if parquet:
        first = parquet[0].name
        tell(
            f"{len(parquet):,} Parquet objects are left out: bulk does not read them, `crypto-sentiment score {first} "
            "OUTPUT` does."
        )
    if len(parquet) == len(places):
        raise InputError("there is nothing but Parquet: use crypto-sentiment score")
    return [place for place in places if place not in parquet]
