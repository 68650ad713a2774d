"""Where results go: a file, a folder of shards, standard output. A final name only ever holds whole results."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from crypto_sentiment.files.errors import OutputError, UsageError
from crypto_sentiment.files.places import Place
from crypto_sentiment.files.scored import Kinds, kinds_of, merge, own_names
from crypto_sentiment.files.writers import PACKERS, WRITERS, Lines, write
from crypto_sentiment.files.zstd import zstd
from lambda_fn.bulk.results import line_text

STANDARD_OUTPUT = "-"
LINES_AT_ONCE = 2048
FORMATS = tuple(
    f"{suffix}{packing}" for suffix in WRITERS for packing in PACKERS if suffix != ".parquet" or not packing
)


@dataclass(frozen=True, slots=True)
class Output:
    """path: None for standard output. suffix, packing: of the file, or of each shard of a folder."""

    path: Path | None
    suffix: str
    packing: str
    is_folder: bool = False

    @property
    def name(self) -> str:
        return str(self.path) if self.path else "standard output"

    @property
    def streams(self) -> bool:
        """Whether lines go out as they are scored. CSV and Parquet need to know all columns first."""
        return self.path is None and self.suffix in (".jsonl", ".ndjson") and not self.packing


def find_output(output: str, to: str | None) -> Output:
    """What `output` names: `-`, a file by its suffix, or a folder (it ends in a slash, is one, or has no suffix).

    to: the format of standard output or of a folder's shards, as a suffix with or without its dot. Raises UsageError.
    """
    if output == STANDARD_OUTPUT:
        return Output(None, *_format(to or "jsonl"))
    path = Path(output).resolve()
    if output.endswith(("/", os.sep)) or path.is_dir() or "." not in path.name.lstrip("."):
        return Output(path, *_format(to or "parquet"), is_folder=True)
    suffix, packing = _format(path.name, "the output must end in")
    if to and _format(to) != (suffix, packing):
        raise UsageError(f"--to {to} does not fit {output}, whose suffix says the format")
    return Output(path, suffix, packing)


def _format(name: str, complaint: str = "--to takes") -> tuple[str, str]:
    lower = f".{name.lower().lstrip('.')}"
    packing = next((p for p in PACKERS if p and lower.endswith(p)), "")
    suffix = next((s for s in WRITERS if lower.removesuffix(packing).endswith(s)), None)
    if suffix is None or (suffix == ".parquet" and packing):
        raise UsageError(f"{complaint} one of {', '.join(WRITERS)}, all but .parquet also packed as .gz .zst .bz2 .xz")
    return suffix, packing


def check(output: Output, places: Iterable[Place]) -> None:
    """Raises OutputError if the output is one of the inputs, by whatever path or link, or cannot be written."""
    if output.path is None:
        return
    for place in places:
        if place.path and _same(place.path, output.path):
            raise OutputError(f"{output.name} is an input: results would replace the comments")
    if not output.path.parent.is_dir():
        raise OutputError(f"there is no folder {output.path.parent}")
    if output.is_folder and output.path.exists() and (not output.path.is_dir() or any(output.path.iterdir())):
        raise OutputError(f"{output.name} is not an empty folder")


def _same(path: Path, output: Path) -> bool:
    try:
        return path.resolve() == output or os.path.samefile(path, output)
    except OSError:
        return False


def write_output(output: Output, folder: Path, lines: Lines, kinds: Kinds, shard_comments: int) -> None:
    """Write the whole results in `folder`, a place of this run's own beside the output, then give them their name."""
    if output.is_folder:
        assert output.path
        made = folder / "shards"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        for number, shard in enumerate(_shards(lines, shard_comments)):
            name = f"part-{number:05}{output.suffix}{output.packing}"
            write(shard, kinds, made / name, output.suffix, output.packing)
        if output.path.is_dir():
            output.path.rmdir()
        made.replace(output.path)
        return
    made = folder / "output"
    write(lines, kinds, made, output.suffix, output.packing)
    if output.path is None:
        with made.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        made.replace(output.path)


def write_results(lines: Iterable[dict], output: Output, shard_comments: int = 1_000_000) -> int:
    """Write result lines that come from elsewhere than a journal. Returns how many there were."""
    parent = output.path.parent if output.path else None
    with tempfile.TemporaryDirectory(prefix=".results-", dir=parent) as folder:
        kinds: Kinds = {}
        ends: list[tuple[int, list[str] | None]] = []
        count, source = 0, iter(lines)
        with (Path(folder) / "lines.zst").open("wb") as file:
            while block := list(islice(source, LINES_AT_ONCE)):
                shapes = {tuple(own_names(line)) for line in block}
                merge(kinds, kinds_of(block, None))
                text = "".join(line_text(line) + "\n" for line in block)
                count += len(block)
                file.write(zstd.compress(text.encode(), 1))
                ends.append((file.tell(), list(shapes.pop()) if len(shapes) == 1 else None))
        with (Path(folder) / "lines.zst").open("rb") as file:
            blocks = ((zstd.decompress(file.read(end - file.tell())), uniform) for end, uniform in ends)
            write_output(output, Path(folder), blocks, kinds, shard_comments)
    return count


def incomplete(output: Output) -> Output:
    """Where what was scored before a fault is kept: beside the output, under a name that says so."""
    assert output.path
    ending = "" if output.is_folder else f"{output.suffix}{output.packing}"
    base = output.path.name.removesuffix(ending)
    path = output.path.with_name(f"{base}.incomplete{ending}")
    if output.is_folder:
        shutil.rmtree(path, ignore_errors=True)
    return Output(path, output.suffix, output.packing, output.is_folder)


def _shards(lines: Lines, size: int) -> Iterator[Lines]:
    """`lines` in runs of `size` lines; one run of none if there are none."""
    pending: list[tuple[bytes, list[str] | None]] = []
    count = made = 0
    for block, uniform in lines:
        texts = block.splitlines(keepends=True)
        while texts:
            taken, texts = texts[: size - count], texts[size - count :]
            pending.append((b"".join(taken), uniform))
            count += len(taken)
            if count == size:
                yield pending
                pending, count, made = [], 0, made + 1
    if pending or not made:
        yield pending
