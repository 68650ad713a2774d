"""What an unfinished run has scored, kept beside its output so that the next goes on from there.

`OUTPUT.partial/lines.zst` holds the scored lines, one zstd frame a chunk; `journal.jsonl` a line for each of them. A
chunk counts once its journal line is whole: a process may be killed at any byte. What is resumed is known by content:
each chunk of the input is compared with the digest of the one that was scored.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from crypto_sentiment.files.errors import OutputError
from crypto_sentiment.files.places import PARTIAL
from crypto_sentiment.files.scored import Counts, Kinds, merge
from crypto_sentiment.files.zstd import zstd


@dataclass(frozen=True, slots=True)
class Entry:
    """A scored chunk. end, journal_end: where its lines end in lines.zst, and its entry in journal.jsonl, in bytes."""

    digest: str
    comments: int
    end: int
    journal_end: int


class Journal:
    """The work folder of one output, held by this process alone. Use as a context manager.

    identity: of the model and the options; an unfinished run of another identity is forgotten.
    Raises OutputError if another process works on this output.
    """

    def __init__(self, output: Path, identity: dict):
        self.folder = output.with_name(output.name + PARTIAL)
        self._output = output
        self._header = json.dumps(identity).encode() + b"\n"
        self._known: list[Entry] = []
        self.counts = Counts()
        self.kinds: Kinds = {}

    def __enter__(self) -> "Journal":
        self.folder.mkdir(exist_ok=True)
        self._lock = (self.folder / "lock").open("wb")
        try:
            # The kernel lets go of it when this process ends, however it ends.
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise OutputError(f"another process is writing {self._output}") from None
        if not (self.folder / "lock").exists():  # the other finished, and took the folder away, just now
            raise OutputError(f"another process has just written {self._output}; run the command again")
        self._load()
        return self

    def __exit__(self, *exception: object) -> None:
        for file in (self._lines, self._journal, self._reader):
            file.close()
        if not self._known:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()

    @property
    def resumed(self) -> int:
        """Comments that an earlier run scored."""
        return sum(entry.comments for entry in self._known)

    def _load(self) -> None:
        """Take up what is whole of an earlier run; cut off the rest."""
        path, lines = self.folder / "journal.jsonl", self.folder / "lines.zst"
        lines.touch()
        size = lines.stat().st_size
        whole = 0
        if path.exists():
            with path.open("rb") as file, lines.open("rb") as frames:
                if file.readline() == self._header:
                    whole = len(self._header)
                    for line in file:
                        entry = _entry(line, whole + len(line))
                        if entry is None or entry.end > size or not _is_whole(frames.read(entry.end - self._end)):
                            break
                        self._known.append(entry)
                        whole = entry.journal_end
        if not whole:
            path.write_bytes(self._header)
            whole = len(self._header)
        os.truncate(path, whole)
        os.truncate(lines, self._end)
        self._journal, self._lines, self._reader = path.open("ab"), lines.open("ab"), path.open("rb")
        self._reader.seek(len(self._header))

    @property
    def _end(self) -> int:
        return self._known[-1].end if self._known else 0

    def knows(self, index: int, digest: str) -> bool:
        """Whether chunk `index` was scored, with this content; if with another, it and all later ones are forgotten.

        To be asked of each chunk in order.
        """
        if index >= len(self._known):
            return False
        if self._known[index].digest != digest:
            self.forget(index)
            return False
        self._take(json.loads(self._reader.readline()))
        return True

    def forget(self, index: int) -> None:
        """Drop the chunks from `index` on: the input has changed there, or ends."""
        if index < len(self._known):
            del self._known[index:]
            self._journal.truncate(self._known[-1].journal_end if self._known else len(self._header))
            self._lines.truncate(self._end)

    def add(self, digest: str, lines: bytes, counts: Counts, kinds: Kinds, uniform: list[str] | None) -> None:
        """Note a scored chunk. lines: a zstd frame. uniform: its lines' own fields, if all have the same."""
        _append(self._lines, lines)
        seen = {name: sorted(kind) for name, kind in kinds.items()}
        found = {"counts": counts.as_json(), "kinds": seen, "uniform": uniform}
        end = self._end + len(lines)
        entry = {"digest": digest, "comments": counts.comments, "end": end, **found}
        text = json.dumps(entry).encode() + b"\n"
        _append(self._journal, text)
        before = self._known[-1].journal_end if self._known else len(self._header)
        self._known.append(Entry(digest, counts.comments, end, before + len(text)))
        self._take(found)

    def _take(self, found: dict) -> None:
        self.counts.add(Counts.of_json(found["counts"]))
        merge(self.kinds, {name: set(seen) for name, seen in found["kinds"].items()})

    def chunks(self) -> Iterator[tuple[bytes, list[str] | None]]:
        """The scored lines of each chunk, and its `uniform`."""
        start = 0
        with (self.folder / "lines.zst").open("rb") as lines, (self.folder / "journal.jsonl").open("rb") as journal:
            journal.readline()
            for entry in self._known:
                yield zstd.decompress(lines.read(entry.end - start)), json.loads(journal.readline())["uniform"]
                start = entry.end

    def lines(self) -> Iterator[dict]:
        """All scored lines, in order."""
        for lines, _ in self.chunks():
            for line in lines.splitlines():
                yield json.loads(line)

    def remove(self) -> None:
        """The output is whole: nothing is left to resume."""
        self._known.clear()


def _entry(line: bytes, journal_end: int) -> Entry | None:
    """The entry in a line of the journal; None if a kill cut it off."""
    if not line.endswith(b"\n"):
        return None
    try:
        found = json.loads(line)
        return Entry(found["digest"], found["comments"], found["end"], journal_end)
    except (ValueError, KeyError, TypeError):
        return None


def _is_whole(frame: bytes) -> bool:
    """Whether a chunk's lines are as they were written."""
    try:
        zstd.decompress(frame)
    except zstd.ZstdError:
        return False
    return True


def _append(file: BinaryIO, data: bytes) -> None:
    """Out of this process when this returns: a kill loses nothing. What a power cut loses, the checksums tell."""
    file.write(data)
    file.flush()
