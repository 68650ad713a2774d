"""python -m scripts.reliability.fuzz: any bytes at the HTTP service, and never a fault.

Requests are made from what HTTP, JSON, gzip, NDJSON, SigV4 and comments are made of, put together rightly and wrongly,
cut, repeated and damaged, and sent on sockets by several callers at once. A caller's connection is closed after every
request that leaves its end in doubt. The run fails on any 5xx but 503 with retry-after, on an answer that is none, on a
request that is not answered in a minute, and when the service does not score a plain comment afterwards.
"""

import argparse
import gzip
import json
import random
import socket
import sys
import threading
import time
import urllib.request
from collections import Counter

from scripts.reliability.service import Service, serving

METHODS = ["POST"] * 50 + ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "post", "BREW"]
SCORING = ["/analyze"] * 2 + ["/batch_analyze"] * 2 + ["/"]
READING = ["/", "/health", "/info", "/docs", "/openapi.json", "/page.js", "/nowhere"]
QUERIES = [
    "", "", "", "?explain=true", "?explain=true&detail=true", "?classes=3", "?errors=item", "?detail=true&errors=item",
    "?classes=x", "?explain=%ff", "?&&==", "?errors=item&errors=all", "?detail=\u00e9",
]  # fmt: skip
TYPES = [
    "application/json", "application/json", "application/json; charset=utf-8", "application/x-ndjson",
    "application/x-ndjson", "application/x-amz-json-1.1", "application/problem+json",
    "application/json,application/json",
    "application/json, text/html", "text/plain", "", "application/json; charset=utf-16", ";;;=", "\u00ff",
]  # fmt: skip
ENCODINGS = ["gzip", "gzip, gzip", "identity", "br", "GZIP", "x-gzip", "aws-chunked,gzip", "deflate", "gzip;q=0", ","]
HEADERS = [
    ("x-request-id", "a b"), ("x-request-id", "a" * 200), ("accept-encoding", "gzip"), ("accept-encoding", "gzip;q=0"),
    ("accept-encoding", ";;;"), ("x-api-key", "k"), ("authorization", "AWS4-HMAC-SHA256 Credential=x"),
    ("x-amz-target", "Comprehend_20171127.DetectSentiment"),
    ("x-amz-target", "Comprehend_20171127.BatchDetectSentiment"),
    ("x-amz-target", "Nothing"), ("x-amz-date", "20260101T000000Z"), ("origin", "https://a.example"),
    ("host", "b"), ("expect", "100-continue"), ("connection", "upgrade"), ("upgrade", "websocket"), ("cookie", "=;=;"),
    ("transfer-encoding", "identity"), ("content-length", "7"), ("content-length", "x"), ("te", "trailers"),
    ("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "\u00e9"), ("range", "bytes=0-1"), ("if-none-match", "*"),
]  # fmt: skip
PIECES = [
    "to the moon", "scam", " ", "\n", "\u0000", "\u200b", "\U0001f680", "\ud83d", "\ude80", "&#" + "9" * 4400 + ";",
    "&#x1f680;", "&amp;", "&#0;", "[a](http://b)", "[](", "> quote\n", "u/someone", "https://x.y", "!?" * 40,
    "\u6bd4\u7279\u5e01", "\u0315\u0300" * 30, "\ufdfa", "a" * 300, "\u2623" * 50, "\u202e", "$BTC", "\u0130",
    "\x1b[31m",
]  # fmt: skip


def comment_text(rng: random.Random) -> str:
    if rng.random() < 0.01:
        return rng.choice(PIECES) * rng.randint(100, 4000)
    if rng.random() < 0.2:
        return "".join(chr(rng.randrange(0x110000)) for _ in range(rng.randint(0, 40)))
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(0, 6)))


def value(rng: random.Random, depth: int = 0) -> object:
    """Something that JSON can say."""
    kind = rng.randrange(11 if depth < 4 else 7)
    if kind < 3:
        return comment_text(rng)
    if kind < 7:
        return rng.choice([None, True, 0, -1, 1e308, 10**400, 0.1, "", "\ud800"])
    if kind < 9:
        return [value(rng, depth + 1) for _ in range(rng.randint(0, 4))]
    names = ["text", "Text", "TextList", "LanguageCode", "id", "body", "\ud800", ""]
    return {rng.choice(names): value(rng, depth + 1) for _ in range(rng.randint(0, 4))}


def document(rng: random.Random) -> object:
    """A request's content, most often of a shape that some route knows."""
    kind = rng.randrange(8)
    if kind < 2:
        return {"text": comment_text(rng)}
    if kind < 4:
        return [{"text": comment_text(rng), "id": value(rng, 4)} for _ in range(rng.randint(0, 12))]
    if kind == 4:
        return {"Text": comment_text(rng), "LanguageCode": rng.choice(["en", "en", "es", "xx", None])}
    if kind == 5:
        return {"TextList": [comment_text(rng) for _ in range(rng.randint(0, 27))], "LanguageCode": "en"}
    return value(rng)


def content(rng: random.Random) -> bytes:
    kind = rng.randrange(24)
    if kind == 0:
        return rng.randbytes(rng.randint(0, 400))
    if kind == 1:
        return rng.choice(
            [b"[" * 50_000, b'{"text":' * 5_000, b"9" * 5_000, b"{", b"NaN", b"\xef\xbb\xbf{}", b'"\\ud800"']
        )
    if kind < 7:
        separator = rng.choice([b"\n", b"\r\n", b"\n\n \n"])
        return separator.join(json.dumps(document(rng)).encode() for _ in range(rng.randint(0, 9)))
    text = json.dumps(document(rng), ensure_ascii=rng.random() < 0.7)
    return text.encode("utf-8", rng.choice(["surrogatepass", "replace", "replace", "replace"]))


def damaged(rng: random.Random, data: bytes) -> bytes:
    if not data or rng.random() < 0.9:
        return data
    place = rng.randrange(len(data))
    return rng.choice([data[:place], data[:place] + rng.randbytes(2) + data[place + 2 :], data + data[:place]])


def request(rng: random.Random) -> tuple[bytes, bool, bool]:
    """The bytes, whether they are a whole request whose end is certain, and whether its method is HEAD."""
    body, lines = content(rng), [("host", "x")]
    method = rng.choice(METHODS)
    path = rng.choice(SCORING if method == "POST" else SCORING + READING * 3)
    fitting = ["application/x-amz-json-1.1"] if path == "/" else TYPES[: 5 if path == "/batch_analyze" else 3]
    if rng.random() < 0.97:
        lines.append(("content-type", rng.choice(fitting if rng.random() < 0.93 else TYPES)))
    if path == "/" and rng.random() < 0.8:
        lines.append(("x-amz-target", f"Comprehend_20171127.{rng.choice(['Detect', 'BatchDetect'])}Sentiment"))
    coding = rng.choice(ENCODINGS) if rng.random() < 0.15 else ""
    if coding:
        lines.append(("content-encoding", coding))
        if rng.random() < 0.8:
            body = gzip.compress(body, 1)
    body = damaged(rng, body)
    whole = True
    for _ in range(rng.choice([0, 0, 0, 0, 0, 0, 1, 1, 2, 4])):
        name, text = rng.choice(HEADERS + lines)
        whole = whole and name not in ("content-length", "transfer-encoding", "upgrade", "expect", "host")
        lines.append((name, text))
    if rng.random() < 0.1:
        lines.append(("transfer-encoding", "chunked"))
        sent = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (body[:100], body[100:]) if p) + b"0\r\n\r\n"
    else:
        lines.append(("content-length", str(len(body))))
        sent = body
    if rng.random() < 0.1:
        path += rng.choice(["/", "//", "/../analyze", "%2f", "\u00e9"])
    query = rng.choice(QUERIES if rng.random() < 0.1 else QUERIES[:8])
    head = f"{method} {path}{query} HTTP/1.{rng.choice('1111110')}\r\n"
    head += "".join(f"{name}: {text}\r\n" for name, text in lines)
    raw = head.encode("latin-1", "replace") + b"\r\n" + sent
    if rng.random() < 0.05:
        raw, whole = damaged(rng, raw), False
    certain = whole and head.isascii() and head.endswith("\r\n") and "HTTP/1.1" in head and method.isupper()
    return raw, certain, method == "HEAD"


class Caller:
    """Sends requests on one connection after the other and counts what comes back."""

    def __init__(self, port: int, seed: int, counts: Counter, faults: list[str]):
        self.port, self.rng, self.counts, self.faults = port, random.Random(seed), counts, faults

    def run(self, requests: int) -> None:
        connection = None
        for _ in range(requests):
            raw, certain, head = request(self.rng)
            connection = connection or socket.create_connection(("127.0.0.1", self.port), timeout=60)
            try:
                self.send(connection, raw, certain, head)
                keep = certain and self.counts["last closed"] == 0
            except TimeoutError:
                self.faults.append(f"no answer in a minute to {raw[:300]!r}")
                keep = False
            except OSError:
                self.counts["connection closed"] += 1
                keep = False
            if not keep:
                connection.close()
                connection = None

    def send(self, connection: socket.socket, raw: bytes, certain: bool, head: bool) -> None:
        connection.sendall(raw)
        if not certain:
            connection.shutdown(socket.SHUT_WR)  # an end, whatever the length said
        status, headers, closed = read(connection, head, until_closed=not certain)
        self.counts["last closed"] = int(closed)
        self.counts[status] += 1
        if status >= 500 and not (status == 503 and "retry-after" in headers):
            self.faults.append(f"{status} to {raw[:600]!r}")


def read(connection: socket.socket, head: bool, until_closed: bool) -> tuple[int, dict[str, str], bool]:
    """Status and headers of the answer, and whether the connection ends with it. Raises ConnectionError for none."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65_536)
        if not piece:
            raise ConnectionResetError
        received += piece
    top, _, rest = received.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
    status = int(first.split()[1])
    if status == 100:
        return status, headers, True
    if until_closed:
        while connection.recv(65_536):
            pass
        return status, headers, True
    if head or status == 304:
        return status, headers, "close" in headers.get("connection", "")
    if "content-length" in headers:
        while len(rest) < int(headers["content-length"]):
            piece = connection.recv(65_536)
            if not piece:
                break
            rest += piece
    else:
        while not rest.endswith(b"0\r\n\r\n"):
            piece = connection.recv(65_536)
            if not piece:
                break
            rest += piece
    return status, headers, "close" in headers.get("connection", "")


def fuzz(service: Service, requests: int, callers: int = 8, seed: int = 0) -> tuple[Counter, list[str]]:
    """How many answers of each status, and what should not have been."""
    all_counts: Counter = Counter()
    faults: list[str] = []
    each = [Counter() for _ in range(callers)]
    threads = [
        threading.Thread(target=Caller(service.port, seed * 1000 + i, each[i], faults).run, args=(requests // callers,))
        for i in range(callers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for counts in each:
        counts.pop("last closed", None)
        all_counts += counts
    plain = urllib.request.Request(
        f"http://127.0.0.1:{service.port}/analyze", b'{"text": "to the moon"}', {"content-type": "application/json"}
    )
    for _ in range(20):
        try:
            with urllib.request.urlopen(plain, timeout=60) as answer:
                if json.load(answer)["sentiment"]["label"] == "positive":
                    return all_counts, faults
        except OSError:
            time.sleep(1)
    return all_counts, [*faults, "a plain comment is not scored afterwards"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--requests", type=int, default=100_000, help="default 100,000")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with serving(ORT_THREADS="1", MAX_PENDING_BATCHES="64") as service:
        counts, faults = fuzz(service, arguments.requests, seed=arguments.seed)
        peak = service.peak_mb()
    print("| answer | requests |\n|---|---|")
    for status, count in sorted(counts.items(), key=str):
        print(f"| {status} | {count:,} |")
    print(f"| all | {sum(counts.values()):,} |\n| faults | {len(faults)} |\n| memory at its peak | {peak:.0f} MB |")
    print(*faults[:20], sep="\n", file=sys.stderr)
    raise SystemExit(bool(faults))


if __name__ == "__main__":
    main()
