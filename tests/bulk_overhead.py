"""What the bulk handler adds to the bare classifier, in CPU time, on the same comments, in turns.

    python -m tests.bulk_overhead comments.jsonl --count 1000 --rounds 3

CPU time, so that a busy machine does not blur it; results go to a local folder, so that no server is in the process.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("ORT_THREADS", "1")

from lambda_fn.bulk.deadline import Deadline
from lambda_fn.bulk.process import BulkScorer
from lambda_fn.bulk.results import FolderResults
from lambda_fn.bulk.scoring import Scorer
from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.settings import Settings
from tests.reconcile import messages_of, read_comments


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bulk_overhead")
    parser.add_argument("file", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    comments = list({c["text"]: c for c in read_comments(arguments.file, arguments.count)}.values())
    records = [
        {"messageId": str(n), "body": json.dumps(body), "attributes": {"SentTimestamp": "1767323045000"}}
        for n, body in enumerate(messages_of(comments))
    ]
    classifier = SentimentClassifier.load()
    classifier.classify([comment["text"] for comment in comments[:50]])
    bare = handled = 0.0
    for _ in range(arguments.rounds):
        started = time.process_time()
        classifier.classify([comment["text"] for comment in comments])
        bare += time.process_time() - started
        with tempfile.TemporaryDirectory() as folder:
            scorer = Scorer(classifier, 40_000)  # a new one: it remembers no text
            bulk = BulkScorer(scorer, FolderResults(Path(folder)), None, None, Settings(log_level="ERROR"))
            started = time.process_time()
            failures = bulk.run(records, Deadline(), split=True)
            handled += time.process_time() - started
        if failures:
            sys.exit(f"{len(failures)} messages failed")
    scored = arguments.rounds * len(comments)
    print(f"{len(comments)} distinct comments in {len(records)} messages, {arguments.rounds} rounds", file=sys.stderr)
    print(f"bare classifier  {scored / bare:6.1f} comments per CPU second", file=sys.stderr)
    print(f"bulk handler     {scored / handled:6.1f} comments per CPU second", file=sys.stderr)
    print(f"the handler takes {100 * (handled / bare - 1):+.1f} % CPU time", file=sys.stderr)


if __name__ == "__main__":
    main()
