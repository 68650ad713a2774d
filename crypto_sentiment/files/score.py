"""Score files of comments on this machine, from any place into any format; resumable at any moment."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crypto_sentiment.files.chunks import Chunk, chunks
from crypto_sentiment.files.errors import InputError
from crypto_sentiment.files.journal import Journal
from crypto_sentiment.files.output import Output, check, incomplete, write_output
from crypto_sentiment.files.places import Place, find_places
from crypto_sentiment.files.scored import Counts
from crypto_sentiment.files.scorers import Options, in_order, model_revision
from crypto_sentiment.files.source import Asked, Source, look
from crypto_sentiment.files.zstd import zstd
from lambda_fn.bulk.columns import Columns
from lambda_fn.contract import RESULT_FIELDS

# Changed whenever the same comment and model give another line: what an older version scored is not gone on with.
LINES_VERSION = 2
LOOKS_AT_ONCE = 16
STREAM_RECORDS = 256


@dataclass
class Job:
    """One run. workers: processes. shard_comments: lines in each file of a folder."""

    sources: list[str]
    output: Output
    asked: Asked = field(default_factory=Asked)
    options: Options = field(default_factory=Options)
    workers: int = 1
    shard_comments: int = 1_000_000


@dataclass
class Report:
    """What a run did. resumed: comments that an earlier run had scored. seconds: of this run's scoring.

    kept: where results lie that are not whole, after a fault in the input.
    """

    counts: Counts = field(default_factory=Counts)
    resumed: int = 0
    seconds: float = 0.0
    passed_over: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    kept: str = ""


class Watcher:
    """Is told what goes on; the command line shows it. All of it may be left out."""

    def found(self, report: Report, total: int | None) -> None:
        """Before anything is scored. total: bytes of all sources, if known."""

    def read(self, count: int) -> None:
        """Bytes were read."""

    def scored(self, report: Report) -> None:
        """A chunk was scored, or taken over from an earlier run."""

    def whole(self, lines: Iterator[dict]) -> None:
        """The output is written; `lines` are all of it, in order. Not called where lines stream out."""


class DamagedInput(InputError):
    """A source broke off while it was read. report: what was scored before that, and where it is kept."""

    def __init__(self, message: str, report: Report):
        super().__init__(message)
        self.report = report


def find_sources(job: Job, s3: Any = None) -> tuple[list[Source], list[str]]:
    """All sources, looked at: nothing is scored if one of them cannot be. Raises InputError."""
    places, passed = find_places(job.sources, job.output.path, s3)
    check(job.output, places)

    def one(place: Place) -> Source:
        return look(place, job.asked, s3)

    if any(place.bucket for place in places):
        with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
            sources = list(pool.map(one, places))
    else:
        sources = [one(place) for place in places]
    results = [source for source in sources if source.is_results and source.place.listed]
    if results:
        passed += [source.place.name for source in results]
        sources = [source for source in sources if source not in results]
    if not sources:
        raise InputError("there is nothing to score: what was found are results")
    return sources, passed


def run(job: Job, watcher: Watcher | None = None) -> Report:
    """Do the job. Raises InputError, DamagedInput, OutputError, WorkerDied, OSError, the model's ModelError and the
    client's ServiceError."""
    watcher = watcher or Watcher()
    s3 = None
    if any(source.startswith("s3://") for source in job.sources):
        from crypto_sentiment.files.s3 import client

        s3 = client()
    sources, passed = find_sources(job, s3)
    report = Report(passed_over=passed, sources=sources)
    sizes = [source.place.size for source in sources]
    watcher.found(report, None if None in sizes else sum(size or 0 for size in sizes))
    records = UntilFault(sources, watcher.read, s3)
    if job.output.streams:
        _stream(job, records, report, watcher)
    elif job.output.path is None:
        with tempfile.TemporaryDirectory() as folder:
            _spool(job, records, report, watcher, Path(folder) / "output")
    else:
        _spool(job, records, report, watcher, job.output.path)
    if records.fault:
        raise DamagedInput(str(records.fault), report)
    return report


class UntilFault:
    """The records of all sources up to the first that is damaged, with how each is read; and what is wrong with it."""

    def __init__(self, sources: list[Source], tell: Callable[[int], None], s3: Any):
        self._sources, self._tell, self._s3 = sources, tell, s3
        self.fault: InputError | None = None

    def __iter__(self) -> Iterator[tuple[Columns, bytes]]:
        try:
            for source in self._sources:
                for record in source.records(self._tell, self._s3):
                    yield source.columns, record
        except InputError as error:
            self.fault = error


def _stream(job: Job, records: UntilFault, report: Report, watcher: Watcher) -> None:
    """JSON lines to standard output, as they are scored."""
    started = time.monotonic()
    for _, scored in in_order(chunks(records, STREAM_RECORDS), job.options, job.workers):
        sys.stdout.buffer.write(zstd.decompress(scored.lines))
        sys.stdout.buffer.flush()
        report.counts.add(scored.counts)
        report.seconds = time.monotonic() - started
        watcher.scored(report)


def _spool(job: Job, records: UntilFault, report: Report, watcher: Watcher, path: Path) -> None:
    """Score into the journal, then write the output from it."""
    identity = {"version": LINES_VERSION, "model": model_revision(job.options), **asdict(job.options)}
    identity |= {"fields": RESULT_FIELDS, "api_key": None}
    with Journal(path, identity) as journal:
        report.counts = journal.counts
        started = time.monotonic()
        unknown = _Unknown(chunks(records), journal, report, watcher)
        for chunk, scored in in_order(iter(unknown), job.options, job.workers):
            journal.add(unknown.digest_of(chunk), scored.lines, scored.counts, scored.kinds, scored.uniform)
            report.seconds = time.monotonic() - started
            watcher.scored(report)
        output = job.output
        if records.fault:
            if not report.counts.comments or output.path is None:
                return
            output = incomplete(output)
            report.kept = output.name
        else:
            journal.forget(unknown.seen)
        write_output(output, journal.folder, journal.chunks(), journal.kinds, job.shard_comments)
        if not records.fault:
            watcher.whole(journal.lines())
            journal.remove()


class _Unknown:
    """The chunks that no earlier run scored. seen: how many there were in all."""

    def __init__(self, chunks: Iterator[Chunk], journal: Journal, report: Report, watcher: Watcher):
        self._chunks, self._journal, self._report, self._watcher = chunks, journal, report, watcher
        self._digests: dict[int, str] = {}
        self.seen = 0

    def __iter__(self) -> Iterator[Chunk]:
        for index, chunk in enumerate(self._chunks):
            digest = chunk.digest()
            self.seen = index + 1
            if self._journal.knows(index, digest):
                self._report.resumed += chunk.records
                self._watcher.scored(self._report)
            else:
                self._digests[id(chunk)] = digest
                yield chunk

    def digest_of(self, chunk: Chunk) -> str:
        """The digest of a chunk that was given out, once."""
        return self._digests.pop(id(chunk))
