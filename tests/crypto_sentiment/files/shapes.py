"""Every shape of file that is read, with what comes of it; as an object in S3, in bulk, too. The table in docs/FILES.md
is made of these, and each is two tests.

    python -m tests.crypto_sentiment.files.shapes    # writes the table into docs/FILES.md
"""

import bz2
import gzip
import io
import json
import lzma
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backports import zstd

from tests.comments import crowd

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "FILES.md"
BEGIN, END = "<!-- shapes: begin -->", "<!-- shapes: end -->"

GOOD, BAD = "Love this coin, best decision of my life", "This exchange is a scam and I lost everything"
TWO = [{"id": "1", "text": GOOD}, {"id": "2", "text": BAD}]
FOUND = {"1": GOOD, "2": BAD}


@dataclass(frozen=True)
class Shape:
    """what: the shape, in words. name, content: the file. happens: what comes of it, in words.

    texts: id -> text of what is scored. errors: id (or "?") -> error code of what is not. status: the exit code; said:
    a part of what is said then. options: of the command. own: a field and its value, or its name alone, in the results.
    bulk: what comes of it as an object in S3, where that is another thing; bulk_code: of the refusal; bulk_errors: as
    `errors`.
    """

    what: str
    name: str
    content: bytes | Callable[[], bytes]
    happens: str
    texts: dict[str, str] | None = None
    errors: dict[str, str] | None = None
    status: int = 0
    said: str = ""
    options: tuple[str, ...] = ()
    own: dict[str, object] | None = None
    text_field: str = "text"
    bulk: str = ""
    bulk_code: str | None = None
    bulk_errors: dict[str, str] | None = None

    @property
    def bytes(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content()


def lines(rows: list) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


JSONL = lines(TWO)
CSV = f'id,text\r\n1,"{GOOD}"\r\n2,{BAD}\r\n'
ACCENTS = {"1": "A naïve buyer, and glad of it", "2": "The cliché is true: gone"}


def table(delimiter: str, texts: dict[str, str], newline: str = "\r\n") -> str:
    rows = [["id", "text"], *([i, f'"{t}"'] for i, t in texts.items())]
    return "".join(delimiter.join(row) + newline for row in rows)


def wide_window() -> bytes:
    """A zstd frame (RFC 8878) of uncompressed blocks whose header asks for a window of 2 GiB, as Reddit's dumps do."""
    block = (len(JSONL) << 3 | 1).to_bytes(3, "little") + JSONL
    return b"\x28\xb5\x2f\xfd\x00" + bytes([(31 - 10) << 3]) + block


def parquet(rows: list[dict], **columns: object) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table({name: [row[name] for row in rows] for name in rows[0]} | columns), sink)
    return sink.getvalue()


def empty_parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table({"id": pa.array([], pa.string()), "body": pa.array([], pa.string())}), sink)
    return sink.getvalue()


def timed_parquet() -> bytes:
    from datetime import datetime

    import pyarrow as pa

    # nanoseconds and no zone, as pandas writes them
    times = pa.array([datetime(2022, 5, 3, 10, 50, 38)] * 2, pa.timestamp("ns"))
    return parquet(TWO, created=times)


def damaged_gzip() -> bytes:
    whole = gzip.compress(lines(NOTED))
    return whole[: len(whole) // 2] + bytes(64) + whole[len(whole) // 2 + 64 :]


# a few texts, and much beside them that does not compress to nothing
NOTED = [{**comment, "note": random.Random(n).randbytes(100).hex()} for n, comment in enumerate(crowd(3000))]
NESTED = lines([{"id": i, "data": {"note": {"words": t}}} for i, t in FOUND.items()])
LISTING = json.dumps(
    {"kind": "Listing", "data": {"children": [{"kind": "t1", "data": {"id": i, "body": t}} for i, t in FOUND.items()]}}
).encode()
PIECES = {"1": [GOOD[:8], {"type": "bold", "text": GOOD[8:]}], "2": BAD}
MESSENGER = json.dumps(
    {"name": "chat", "messages": [{"id": i, "text": t} for i, t in PIECES.items()]}, indent=1
).encode()

TIME = "2022-05-03T10:50:38Z"
TIMES = {
    "seconds": 1651575038,
    "seconds as text": "1651575038",
    "milliseconds": 1651575038000,
    "microseconds": 1651575038000000,
    "ISO 8601 without a zone (UTC)": "2022-05-03T10:50:38",
    "ISO 8601 with another zone": "2022-05-03T12:50:38+02:00",
    "BigQuery's": "2022-05-03 10:50:38 UTC",
    "Twitter's": "Tue May 03 10:50:38 +0000 2022",
    "an e-mail's": "Tue, 03 May 2022 10:50:38 GMT",
}

SHAPES = [
    Shape("JSON lines", "a.jsonl", JSONL, "read", FOUND),
    Shape("JSON lines called .ndjson, last line without its end", "a.ndjson", JSONL[:-1], "read", FOUND),
    Shape("JSON lines called .json, as BigQuery and Spark write them", "a.json", JSONL, "told by content", FOUND),
    Shape("JSON lines without a suffix, as UNLOAD writes them", "0000_part_00", JSONL, "told by content", FOUND),
    Shape("JSON lines called .csv", "a.csv", JSONL, "told by content", FOUND),
    Shape(
        "JSON lines with a byte order mark and Windows line ends",
        "a.jsonl",
        b"\xef\xbb\xbf" + JSONL.replace(b"\n", b"\r\n"),
        "mark and line ends taken away",
        FOUND,
    ),
    Shape(
        "JSON lines in UTF-16, as PowerShell's > writes them",
        "a.jsonl",
        JSONL.decode().encode("utf-16"),
        "encoding found",
        FOUND,
    ),
    Shape(
        "JSON lines with a raw U+2028 in a text",
        "a.jsonl",
        '{"id": "1", "text": "to the\u2028moon"}\n'.encode(),
        "a line ends at the newline only",
        {"1": "to the\u2028moon"},
    ),
    Shape(
        "JSON lines with half an emoji",
        "a.jsonl",
        b'{"id": "1", "text": "to the moon \\ud83d"}\n',
        "read; the half comes out as U+FFFD",
        {"1": "to the moon \ufffd"},
    ),
    Shape(
        "JSON lines with blank lines",
        "a.jsonl",
        b"\n" + JSONL.replace(b"\n", b"\n\n  \n"),
        "blank lines are no comments",
        FOUND,
    ),
    Shape(
        "JSON lines with a broken one",
        "a.jsonl",
        JSONL + b'{"id": "3", "te\n',
        "the line is an error, the others are scored",
        FOUND,
        {"?": "record_not_json"},
        3,
        "1 not JSON",
    ),
    Shape(
        "JSON lines with bytes that are not UTF-8 in one",
        "a.jsonl",
        JSONL + b'{"id": "3", "text": "\xf0\x9f"}\n',
        "the line is an error",
        FOUND,
        {"?": "record_not_utf8"},
        3,
    ),
    Shape(
        "JSON lines of several objects each, as Firehose joins them",
        "a.jsonl",
        JSONL.replace(b"\n", b"", 1),
        "each object is a comment",
        FOUND,
    ),
    Shape("objects end to end on one line", "a", JSONL.replace(b"\n", b""), "each object is a comment", FOUND),
    Shape(
        "objects over several lines each, as jq prints them",
        "a.json",
        b"".join(json.dumps(row, indent=2).encode() + b"\n" for row in TWO),
        "each object is a comment",
        FOUND,
    ),
    Shape("one JSON array", "a.json", json.dumps(TWO).encode(), "each item is a comment", FOUND),
    Shape(
        "one JSON array, indented, called .jsonl",
        "a.jsonl",
        json.dumps(TWO, indent=2).encode(),
        "each item is a comment",
        FOUND,
    ),
    Shape("a JSON array of strings", "a.json", json.dumps([GOOD]).encode(), "each string is a text", {"None": GOOD}),
    Shape(
        "a JSON array that breaks off",
        "a.json",
        json.dumps(TWO).encode()[:-20],
        "refused, with the place; what came before is kept",
        status=1,
        said="breaks off in value 2",
        bulk="`object_corrupt`; what came before is scored",
        bulk_code="object_corrupt",
    ),
    Shape(
        "Reddit's listing (one object around a list)",
        "a.json",
        LISTING,
        "the list is found, its wrappers taken off",
        FOUND,
        text_field="body",
    ),
    Shape(
        "a messenger's export, its texts in pieces",
        "result.json",
        MESSENGER,
        "the list is found, the pieces joined",
        FOUND,
        text_field="",
    ),
    Shape(
        "one object without a list of comments",
        "a.json",
        b'{"version": 3,\n "items": []}',
        "refused, with its fields",
        status=1,
        said="'version', 'items'",
        bulk="`object_unknown_format`",
        bulk_code="object_unknown_format",
    ),
    Shape(
        "numbers that JSON has no word for (NaN, Infinity, 1e400)",
        "a.jsonl",
        b'{"id": "1", "text": "gm", "a": NaN, "b": -Infinity, "c": 1e400}\n',
        "null",
        {"1": "gm"},
        own={"a": None, "b": None, "c": None},
    ),
    Shape(
        "whole numbers above 2**53 and beyond 64 bits",
        "a.jsonl",
        b'{"id": 1234567890123456789, "text": "gm", "wei": 100000000000000000000}\n',
        "every digit stays; ids become text",
        {"1234567890123456789": "gm"},
        own={"wei": 100000000000000000000},
    ),
    Shape("gzip", "a.jsonl.gz", gzip.compress(JSONL), "unpacked", FOUND),
    Shape(
        "gzip of several members",
        "a.jsonl.gz",
        gzip.compress(JSONL[:40]) + gzip.compress(JSONL[40:]),
        "all members are read",
        FOUND,
    ),
    Shape("gzip without a suffix, or under a wrong one", "a.jsonl", gzip.compress(JSONL), "told by content", FOUND),
    Shape("gzip in gzip", "a.jsonl.gz", gzip.compress(gzip.compress(JSONL)), "unpacked twice", FOUND),
    Shape("zstd", "a.jsonl.zst", zstd.compress(JSONL), "unpacked", FOUND),
    Shape(
        "zstd with a window of 2 GiB (Reddit's dumps)",
        "RC_2024-01.zst",
        wide_window(),
        "unpacked; the memory it takes is said",
        FOUND,
        said="2,048 MB",
        bulk="`object_unknown_format`: no function has the memory; `score s3://…` reads it",
        bulk_code="object_unknown_format",
    ),
    Shape(
        "zstd of several frames, one of them skippable",
        "a.zst",
        zstd.compress(JSONL[:40]) + b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + zstd.compress(JSONL[40:]),
        "all frames are read",
        FOUND,
    ),
    Shape("bzip2", "RC_2016.bz2", bz2.compress(JSONL), "unpacked", FOUND),
    Shape("xz", "RC_2018.xz", lzma.compress(JSONL), "unpacked", FOUND),
    Shape(
        "gzip damaged in the middle",
        "a.jsonl.gz",
        damaged_gzip,
        "refused, with the place; what came before is scored, under a name that says so",
        status=1,
        said="good bytes",
        bulk="`object_corrupt`; what came before is scored",
        bulk_code="object_corrupt",
    ),
    Shape(
        "zstd that breaks off",
        "a.zst",
        zstd.compress(lines(NOTED))[:-50],
        "refused, with the place; what came before is kept",
        status=1,
        said="good bytes",
        bulk="`object_corrupt`; what came before is scored",
        bulk_code="object_corrupt",
    ),
    Shape(
        "Parquet",
        "a.parquet",
        lambda: parquet(TWO),
        "read in batches of rows",
        FOUND,
        bulk="`object_parquet`: `score s3://…` reads it",
        bulk_code="object_parquet",
    ),
    Shape(
        "Parquet with timestamps in nanoseconds",
        "a.parquet",
        timed_parquet,
        "times in UTC",
        FOUND,
        own={"created": TIME},
        bulk="`object_parquet`: `score s3://…` reads it",
        bulk_code="object_parquet",
    ),
    Shape(
        "Parquet packed again",
        "a.parquet.gz",
        lambda: gzip.compress(parquet(TWO)),
        "unpacked into a temporary file",
        FOUND,
        bulk="`object_parquet`: `score s3://…` reads it",
        bulk_code="object_parquet",
    ),
    Shape(
        "Parquet of no rows",
        "a.parquet",
        empty_parquet,
        "an empty result with all its columns",
        {},
        bulk="`object_parquet`: `score s3://…` reads it",
        bulk_code="object_parquet",
    ),
    Shape("an empty file", "a.jsonl", b"", "an empty result", {}),
    Shape("CSV", "a.csv", CSV.encode(), "read", FOUND),
    Shape("CSV with semicolons", "a.csv", table(";", FOUND).encode(), "delimiter found", FOUND),
    Shape("CSV with tabs", "a.tsv", table("\t", FOUND).encode(), "delimiter found", FOUND),
    Shape("CSV with bars", "a.csv", table("|", FOUND).encode(), "delimiter found", FOUND),
    Shape(
        "CSV with another delimiter",
        "a.csv",
        table("~", FOUND).encode(),
        "named by `--delimiter`",
        FOUND,
        options=("--delimiter", "~"),
        bulk="`object_no_text`: `score s3://…` reads it",
        bulk_code="object_no_text",
    ),
    Shape(
        "CSV that begins with `sep=;`", "a.csv", ("sep=;\r\n" + table(";", FOUND)).encode(), "the line is heeded", FOUND
    ),
    Shape(
        "CSV in UTF-8 with a byte order mark",
        "a.csv",
        b"\xef\xbb\xbf" + table(",", ACCENTS).encode(),
        "the mark is taken away",
        ACCENTS,
    ),
    Shape(
        "CSV in UTF-16, as a spreadsheet's “Unicode text”",
        "a.txt",
        table("\t", ACCENTS).encode("utf-16"),
        "encoding found",
        ACCENTS,
    ),
    Shape("CSV in cp1252", "a.csv", table(";", ACCENTS).encode("cp1252"), "what is not UTF-8 is cp1252", ACCENTS),
    Shape(
        "CSV in cp1252 whose first accent comes late",
        "a.csv",
        lambda: (table(",", {str(n): GOOD for n in range(8000)} | {"x": "cliché"})).encode("cp1252"),
        "all of it is looked through",
        {"x": "cliché"},
        bulk="only its first 256 KiB are looked at: the row is an error",
        bulk_errors={"?": "record_not_utf8"},
    ),
    Shape(
        "CSV in another encoding",
        "a.csv",
        table(",", {"1": "Очень рад"}).encode("koi8-r"),
        "named by `--encoding`",
        {"1": "Очень рад"},
        options=("--encoding", "koi8-r"),
        bulk="taken for cp1252, its letters wrong: `score s3://…` reads it",
    ),
    Shape(
        "CSV with line breaks and doubled quotes in a text",
        "a.csv",
        b'id,text\n1,"to the\nmoon, ""now"""\n',
        "one comment",
        {"1": 'to the\nmoon, "now"'},
    ),
    Shape(
        "CSV with backslashes before quotes, as Spark and MySQL write it",
        "a.csv",
        b'id,text,n\n1,"he said \\"moon\\", twice",3\n2,"fine",4\n',
        "found by the rows that then fit",
        {"1": 'he said "moon", twice', "2": "fine"},
    ),
    Shape(
        "CSV of one column, with commas in it",
        "a.csv",
        f"text\n{GOOD}\n".encode(),
        "no delimiter is guessed",
        {"None": GOOD},
    ),
    Shape(
        "CSV with one quote that never closes",
        "a.csv",
        b'id,text\n1,great coin\n2,"a scam\n' + b"".join(b"c%d,fine\n" % n for n in range(50)),
        "the row is an error with its line; the next is read",
        {"1": "great coin", "c49": "fine"},
        {"?": "record_not_object"},
        3,
    ),
    Shape(
        "CSV with text behind a closing quote",
        "a.csv",
        b'id,text\n1,"Great" coin\n2,ok\n',
        "read as it is meant",
        {"1": "Great coin", "2": "ok"},
    ),
    Shape(
        "CSV row with more fields than the header",
        "a.csv",
        b"id,text\n1,fine\n2,great, really great\n",
        "the row is an error",
        {"1": "fine"},
        {"?": "record_not_object"},
        3,
    ),
    Shape(
        "CSV rows with empty fields behind the last",
        "a.csv",
        b"id,text\n1,fine,,\n",
        "the surplus is nothing",
        {"1": "fine"},
    ),
    Shape(
        "CSV shards end to end: the header comes again",
        "a.csv",
        f'id,text\n1,"{GOOD}"\nid,text\n2,{BAD}\n'.encode(),
        "passed over",
        FOUND,
    ),
    Shape(
        "CSV with pandas' index",
        "a.csv",
        f',id,text\n0,1,"{GOOD}"\n'.encode(),
        "the column is called column_1",
        {"1": GOOD},
        own={"column_1": "0"},
    ),
    Shape(
        "CSV with two columns of one name",
        "a.csv",
        b"id,text,text\n1,first,second\n",
        "the second is called text_2",
        {"1": "first"},
        own={"text_2": "second"},
    ),
    Shape(
        "CSV without a header",
        "a.csv",
        b"1,great coin\n2,bad coin\n",
        "refused, with the fields found",
        status=1,
        said="none of its fields can be the text",
        bulk="`object_no_text`",
        bulk_code="object_no_text",
    ),
    Shape(
        "the text under Reddit's name",
        "a.jsonl",
        lines([{"id": "1", "body": GOOD}]),
        "found; the field keeps its name",
        {"1": GOOD},
        text_field="body",
    ),
    Shape(
        "the text under its name in other case, with blanks",
        "a.csv",
        f'id, Text ,likes\n1,"{GOOD}",4\n'.encode(),
        "found; the field keeps its name",
        {"1": GOOD},
        text_field=" Text ",
    ),
    Shape(
        "the text under a name of its own",
        "a.csv",
        f'id,headline\n1,"{GOOD}"\n'.encode(),
        "named by `--text-column`",
        {"1": GOOD},
        options=("--text-column", "headline"),
        text_field="headline",
        bulk="named by `text_column` in the pointer, as `submit --text-column` does",
    ),
    Shape(
        "the text deep inside",
        "a.jsonl",
        NESTED,
        "named by `--text-column data.note.words`",
        FOUND,
        options=("--text-column", "data.note.words"),
        text_field="",
        bulk="named by `text_column` in the pointer, as `submit --text-column` does",
    ),
    Shape(
        "no field that can be the text",
        "a.jsonl",
        lines([{"id": 1, "headline": GOOD, "stars": 5}]),
        "refused before anything is scored, with the fields found",
        status=1,
        said="'id', 'headline', 'stars'",
        bulk="each line is an error",
        bulk_errors={"1": "text_missing"},
    ),
    Shape(
        "fields named as ours",
        "a.jsonl",
        lines([{"id": "1", "text": GOOD, "score": 77, "Label": "OC"}]),
        "renamed comment_<name>, on every row and in every format",
        {"1": GOOD},
        own={"comment_score": 77, "comment_Label": "OC"},
    ),
    Shape(
        "comments that are nobody's mood",
        "a.jsonl",
        lines(
            [
                *TWO,
                {"id": "3", "text": "[deleted]"},
                {"id": "4", "text": "I am a bot, and this action was performed automatically."},
                {"id": "5", "text": "&#x200B;"},
                {"id": "6", "text": "nan"},
                {"id": "7", "text": None},
            ]
        ),
        "error lines text_deleted, text_bot, text_empty",
        FOUND,
        {"3": "text_deleted", "4": "text_bot", "5": "text_empty", "6": "text_empty", "7": "text_empty"},
        3,
        "3 empty, 1 deleted, 1 by bots",
    ),
    Shape(
        "… with `--keep-deleted`",
        "a.jsonl",
        lines([{"id": "1", "text": GOOD}, {"id": "3", "text": "[deleted]"}]),
        "scored all the same",
        {"1": GOOD, "3": "[deleted]"},
        options=("--keep-deleted",),
        bulk="error lines: bulk has no such option",
        bulk_errors={"3": "text_deleted"},
    ),
    Shape(
        "a picture, a PDF, a zip",
        "a.jsonl",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        "refused: what it is, and what is taken",
        status=1,
        said="a picture",
        bulk="`object_unknown_format`",
        bulk_code="object_unknown_format",
    ),
    *(
        Shape(
            f"times: {form}",
            "a.jsonl",
            lines([{"id": "1", "text": "gm", "created_utc": value}]),
            "a UTC timestamp",
            {"1": "gm"},
            own={"created_utc": TIME},
        )
        for form, value in TIMES.items()
    ),
]


def markdown() -> str:
    rows = ["| # | what | what `score` does | exit code | as an object, in bulk |", "| --- | --- | --- | --- | --- |"]
    rows += [
        f"| {n} | {s.what.replace('|', chr(92) + '|')} | {s.happens} | {s.status} | {s.bulk or 'the same'} |"
        for n, s in enumerate(SHAPES, 1)
    ]
    return "\n".join(rows)


def document() -> str:
    """docs/FILES.md with the table as it is now."""
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    return f"{before}{BEGIN}\n{markdown()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
