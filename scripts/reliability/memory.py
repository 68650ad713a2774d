"""python -m scripts.reliability.memory: the service's memory under 12 parallel batches of 1 MB of the worst text.

Each kind of text meets a fresh process. What cannot be scored soon is refused, and costs no memory either.
"""

import argparse
import http.client
import json
import threading
from collections import Counter

from scripts.reliability.service import serving

BATCHES = 12
BODY_BYTES = 1_040_000  # the limit is 1,048,576


def batch(text: str, chars: int) -> bytes:
    """A JSON batch of BODY_BYTES, of comments of `chars` characters of `text`; at most 512 of them."""
    comment = json.dumps({"text": (text * (chars // len(text) + 1))[:chars]}, ensure_ascii=False)
    return f"[{','.join([comment] * min(512, BODY_BYTES // (len(comment.encode()) + 1)))}]".encode()


# What each was at its worst: tokens by the character, names by the symbol, pieces by the word, memory by the character.
WORST = {
    "punctuation": batch("!?", 2_000),
    "punctuation in long comments": batch("?.,", 39_000),
    "symbols with long names": batch("\u2623\U0001f468", 500),
    "Chinese": batch("\u6bd4\u7279\u5e01", 670),
    "one-letter words": batch("a b ", 2_000),
    "words of many pieces": batch("zqxjkvbw" * 12 + " ", 39_000),
    "plain words": batch("to the moon and back again ", 2_000),
    "character references": batch("&#x1F680;", 2_000),
}


def send_at_once(port: int, body: bytes, batches: int = BATCHES) -> Counter:
    """Send it so many times at once; the statuses of the answers."""
    statuses: Counter = Counter()

    def post() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        connection.request("POST", "/batch_analyze", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        statuses[answer.status] += 1

    threads = [threading.Thread(target=post) for _ in range(batches)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--all", action="store_true", help="let all batches wait their turn, so that none is refused")
    arguments = parser.parse_args()
    patient = {"MAX_BATCH_WAIT_S": "900"} if arguments.all else {}
    print("| 12 batches of 1 MB at once | memory at its peak, MB | answered | refused with 503 |\n|---|---|---|---|")
    for kind, body in WORST.items():
        with serving(ORT_THREADS="1", **patient) as service:
            statuses = send_at_once(service.port, body)
            print(f"| {kind} | {service.peak_mb():.0f} | {statuses[200]} | {statuses[503]} |", flush=True)


if __name__ == "__main__":
    main()
