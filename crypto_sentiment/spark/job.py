"""Score a source into an output, part by part: what `crypto-sentiment spark` and spark-submit run.

Each part is one Spark write. Spark commits one attempt of each of its tasks, whatever executors die and however many
speculative duplicates run, and the comments are counted on both sides when the part is complete.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from crypto_sentiment.spark.dataframe import score
from crypto_sentiment.spark.parts import PART_BYTES, Part, Plan
from crypto_sentiment.spark.schema import find_id, find_text, result_schema
from crypto_sentiment.spark.shipping import model_revision
from crypto_sentiment.spark.sources import keys_of, list_files, read
from crypto_sentiment.spark.storage import Storage

# The next part starts while the last tasks of one are running, or those would keep all other cores waiting.
PARTS_AT_ONCE = 2


class LostRows(RuntimeError):
    """A part has not as many rows as its source. It is not to be believed."""


@dataclass
class Report:
    """comments: rows in the output, by what earlier runs and this one wrote; errors: how many of them, by code."""

    comments: int = 0
    scored_before: int = 0
    errors: Counter = field(default_factory=Counter)


@dataclass(frozen=True)
class Job:
    """source and output: paths or URLs. text, id: columns' names, as in `score`. partitions: tasks of a part."""

    spark: SparkSession
    source: str
    output: str
    text: str | None = None
    id: str | None = None
    keep_text: bool = False
    partitions: int | None = None
    part_bytes: int = PART_BYTES

    def run(self, tell: Callable[[str], None] = lambda line: None) -> Report:
        """Score what the output does not have yet. tell: gets a line of progress for each part.

        Raises SparkJobError before anything is scored, LostRows if what was written is not what was read.
        """
        plan = self.plan()
        waiting = [part for part in plan.parts if not plan.is_done(part)]
        report = Report(scored_before=len(plan.parts) - len(waiting))
        if report.scored_before:
            tell(f"going on: {report.scored_before} of {len(plan.parts)} parts are there already")
        with ThreadPoolExecutor(PARTS_AT_ONCE) as pool:
            for part, errors in zip(waiting, pool.map(lambda part: self._score(plan, part), waiting), strict=True):
                tell(f"{part.name}: {errors.total():,} comments")
        counts = self._count(self.output)
        report.comments = counts.total()
        report.errors = Counter({code: count for code, count in counts.items() if code})
        return report

    def plan(self) -> Plan:
        """The parts, with what is new in the source. Checks all that can be checked before a comment is scored."""
        files = list_files(self.spark, self.source)
        settings = {"model": model_revision(), "text": self.text, "id": self.id, "keep_text": self.keep_text}
        plan = Plan(Storage(self.spark, self.output), settings)
        new = plan.take_up(files)
        if plan.schema is None:
            schema = read(self.spark, self.source, files).schema
        else:
            schema = StructType.fromJson(plan.schema)
        find_text(schema, self.text)
        find_id(schema, self.id)
        plan.add(new, schema.jsonValue(), self.part_bytes)
        return plan

    def _score(self, plan: Plan, part: Part) -> Counter:
        """Write one part. Returns its rows by error code ("" for those without)."""
        comments = self._read(plan, part)
        scored = score(comments, self.text, self.id, keep_text=self.keep_text, partitions=self.partitions)
        renamed = result_schema(comments.schema, find_id(comments.schema, self.id), set()).renamed
        keys = [renamed.get(key, key) for key in keys_of(part.files)]
        writer = scored.write.mode("overwrite").option("compression", "zstd")
        folder = f"{self.output.rstrip('/')}/{part.name}"
        (writer.partitionBy(*keys) if keys else writer).parquet(folder)
        counts, rows = self._count(folder), comments.count()
        if counts.total() != rows:
            raise LostRows(f"{part.name} has {counts.total():,} rows, its source {rows:,}: remove it and run again")
        return counts

    def _read(self, plan: Plan, part: Part) -> DataFrame:
        return read(self.spark, self.source, part.files, StructType.fromJson(plan.schema))

    def _count(self, folder: str) -> Counter:
        rows = self.spark.read.parquet(folder).groupBy("error").count().collect()
        return Counter({row["error"]: row["count"] for row in rows})
