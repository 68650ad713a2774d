"""What scores chunks: the model in this process, in several, or a running service."""

import gc
import json
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from typing import Any

from crypto_sentiment.files.chunks import Chunk
from crypto_sentiment.files.scored import Counts, Kinds, count, kinds_of, own_names
from crypto_sentiment.files.zstd import zstd

# Chunks that wait at each process: enough that none idles while results are written.
CHUNKS_AHEAD = 3
COMPRESSION = {zstd.CompressionParameter.compression_level: 1, zstd.CompressionParameter.checksum_flag: 1}


class WorkerDied(RuntimeError):
    """A scoring process ended by itself, or was ended (for want of memory, as a rule)."""


@dataclass(frozen=True, slots=True)
class Options:
    """What decides how a comment is scored, beside the model."""

    keep_deleted: bool = False
    time_column: str | None = None
    url: str | None = None
    api_key: str | None = None


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """lines: a zstd frame of JSON lines. uniform: the lines' own fields if all have the same, in the same order."""

    lines: bytes
    counts: Counts
    kinds: Kinds
    uniform: list[str] | None


def model_revision(options: Options) -> str:
    """The revision of the model that will score. Raises ModelError, or ServiceError."""
    if options.url:
        from crypto_sentiment.files.remote import service_revision

        return service_revision(options.url, options.api_key)
    from lambda_fn.model.classifier import ModelError
    from lambda_fn.settings import get_settings

    folder = get_settings().model_dir
    try:
        return json.loads((folder / "manifest.json").read_text())["revision"]
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"cannot load the model in {folder}: {error}") from None


@cache
def _model() -> Any:
    """The model, loaded once in a process, on one core: `--workers` says how many processes there are."""
    from lambda_fn.settings import get_settings

    os.environ.setdefault("ORT_THREADS", "1")
    get_settings.cache_clear()
    from lambda_fn.model.classifier import SentimentClassifier

    return SentimentClassifier.load()


class ChunkScorer:
    """Scores chunks in this process."""

    def __init__(self, options: Options):
        from lambda_fn.bulk.scoring import Scorer
        from lambda_fn.model.coin_moods import prepare
        from lambda_fn.model.coins import Coins
        from lambda_fn.model.language import language
        from lambda_fn.settings import get_settings

        self._options = options
        if options.url:
            from crypto_sentiment.files.remote import RemoteClassifier

            classifier: Any = RemoteClassifier(options.url, options.api_key)
            read = classifier.read
        else:
            classifier = _model()
            prepare(classifier)
            read = Coins.load().reader(classifier)
        self._scorer = Scorer(
            classifier,
            get_settings().max_text_chars,
            keep_deleted=options.keep_deleted,
            language=language,
            read=read,
        )

    def score(self, chunk: Chunk) -> ScoredChunk:
        from lambda_fn.bulk.results import line_text
        from lambda_fn.bulk.scoring import ScorableChunk

        cells = [ScorableChunk("", 0, list(enumerate(records)), columns) for columns, records in chunk.parts]
        lines = [line for cell in self._scorer.score(cells) for line in cell]
        shapes = {tuple(own_names(line)) for line in lines}
        text = "".join(line_text(line) + "\n" for line in lines).encode()
        return ScoredChunk(
            zstd.compress(text, options=COMPRESSION),  # type: ignore[arg-type]  # the stubs want int keys
            count(lines),
            kinds_of(lines, self._options.time_column),
            list(shapes.pop()) if len(shapes) == 1 else None,
        )


def in_order(chunks: Iterator[Chunk], options: Options, workers: int) -> Iterator[tuple[Chunk, ScoredChunk]]:
    """Each chunk with its results, in order, by `workers` processes. Raises WorkerDied.

    Input of a single chunk is scored here: another process would take longer to start. All other input is not, even by
    one: so no process holds both the model and a file's buffers.
    """
    first = list(islice(chunks, 2))
    if not first:
        return
    if len(first) == 2 and not options.url:
        yield from _by_processes(chain(first, chunks), options, workers)
        return
    scorer = ChunkScorer(options)
    for chunk in chain(first, chunks):
        yield chunk, scorer.score(chunk)


def _by_processes(chunks: Iterator[Chunk], options: Options, workers: int) -> Iterator[tuple[Chunk, ScoredChunk]]:
    from collections import deque
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    # spawn: a forked child would inherit ONNX Runtime's threads in whatever state they are.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start, initargs=(options,))
    waiting: deque[tuple[Chunk, Future]] = deque()
    try:
        with _ctrl_c_ignored():  # which the processes inherit: they end when this one says so
            for chunk in chunks:
                waiting.append((chunk, pool.submit(_score, chunk)))
                if len(waiting) == workers:
                    break
        for chunk in chunks:
            waiting.append((chunk, pool.submit(_score, chunk)))
            if len(waiting) > CHUNKS_AHEAD * workers:
                yield _result(*waiting.popleft())
        while waiting:
            yield _result(*waiting.popleft())
    except BrokenProcessPool as error:
        raise WorkerDied(f"a scoring process ended by itself, perhaps for want of memory: {error}") from None
    finally:
        processes = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()


def _result(chunk: Chunk, future: Any) -> tuple[Chunk, ScoredChunk]:
    return chunk, future.result()


class _ctrl_c_ignored:
    """Ctrl-C is ignored inside, where that can be said (only a main thread may)."""

    def __enter__(self) -> None:
        self._main = threading.current_thread() is threading.main_thread()
        self._before: Any = signal.signal(signal.SIGINT, signal.SIG_IGN) if self._main else None

    def __exit__(self, *exception: object) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._before)


_scorer: ChunkScorer | None = None


def _start(options: Options) -> None:
    from lambda_fn.model.language import load

    global _scorer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _scorer = ChunkScorer(options)
    load()
    gc.freeze()  # what was loaded stays: to look through it for garbage takes 5 µs a comment, and finds none


def _score(chunk: Chunk) -> ScoredChunk:
    assert _scorer
    return _scorer.score(chunk)


def _end_with_parent() -> None:
    """A killed parent closes no queue: without this its processes would wait for ever."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)
