"""The results of objects that were sent as pointers. How many comments each has is known by reading it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from crypto_sentiment.bulk.pointers import PointerReceipt
from crypto_sentiment.bulk.receipts import Receipt
from crypto_sentiment.bulk.results import Collector
from crypto_sentiment.files.comment_files import CommentFile
from crypto_sentiment.files.places import Place
from lambda_fn.bulk.outages import Patience


@dataclass(frozen=True, slots=True)
class CountedObject:
    """An object that was sent, and the number of its comments."""

    work_id: str
    place: Place
    comments: int


class ObjectsCollector:
    """Finds the results of all objects of a receipt: they lie in the hour in which each object was written.

    told: is called with the number of objects that have been counted. Raises InputError for an object that was
    overwritten since it was sent, or that cannot be read.
    """

    def __init__(
        self,
        s3: Any,
        bucket: str,
        prefix: str,
        receipt: PointerReceipt,
        patience: Patience,
        told: Callable[[int], object] = lambda count: None,
    ):
        self._s3, self._receipt = s3, receipt
        self.objects: list[CountedObject] = []
        for work_id, place in receipt.works.items():
            count = sum(1 for _ in self._open(place).records())
            self.objects.append(CountedObject(work_id, place, count))
            told(len(self.objects))
        self._by_hour: dict[str, Collector] = {}
        for hour, objects in self._hours().items():
            header = {"source": {"bucket": bucket}, "partition": objects[0].place.modified}
            works = [(item.work_id, item.comments) for item in objects]
            self._by_hour[hour] = Collector(s3, bucket, prefix, Receipt(receipt.path, header, works), patience)

    @property
    def comments(self) -> int:
        return sum(item.comments for item in self.objects)

    def look(self) -> int:
        """List what is there. Returns the number of comments that have a result so far."""
        return sum(collector.look() for collector in self._by_hour.values())

    def errors(self) -> Counter[str]:
        """Comments that could not be scored, by the code of their error."""
        return sum((collector.errors() for collector in self._by_hour.values()), Counter())

    def missing(self) -> dict[str, int]:
        """Objects that lack results: name -> number of comments without one."""
        lacking = {key: n for collector in self._by_hour.values() for key, n in collector.missing().items()}
        return {item.place.name: lacking[item.work_id] for item in self.objects if item.work_id in lacking}

    def found(self) -> Iterator[tuple[CountedObject, CommentFile, Collector]]:
        """Each object, opened again, and who has its results."""
        for item in self.objects:
            yield item, self._open(item.place), self._by_hour[_hour(item.place)]

    def _open(self, place: Place) -> CommentFile:
        return CommentFile.of_object(place, self._receipt.text_column, self._s3)

    def _hours(self) -> dict[str, list[CountedObject]]:
        hours: dict[str, list[CountedObject]] = {}
        for item in self.objects:
            hours.setdefault(_hour(item.place), []).append(item)
        return hours


def _hour(place: Place) -> str:
    return place.modified[:13]
