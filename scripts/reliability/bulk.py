"""Bulk scoring under faults, and its reconciliation: every comment in has one line out, every hostile message its due.

    python -m scripts.reliability.bulk comments.jsonl.gz --count 100000 --report docs/reliability/bulk.txt

Needs nothing but this repository: moto's SQS and S3 over HTTP, and AWS's emulator of the Lambda runtime (tests/rie.py
fetches it once). Exit status 1 if a comment is lost or doubled, or a message is where it does not belong.
"""

import argparse
import logging
import sys
from pathlib import Path

from tests.reconcile import Faults, read_comments, run


def main() -> None:
    usual = Faults()
    parser = argparse.ArgumentParser(prog="python -m scripts.reliability.bulk", description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, help="JSONL comments with unique ids, plain or .gz")
    parser.add_argument("--count", type=int, default=100_000, help="comments of it")
    parser.add_argument("--share", type=float, default=usual.share, help="of the function's requests that fail")
    parser.add_argument("--kills", type=int, default=usual.kills)
    parser.add_argument(
        "--outages", type=float, nargs="*", default=usual.outages_s, metavar="SECONDS", help="of S3 and SQS together"
    )
    parser.add_argument("--report", type=Path, help="write what is printed here too")
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    faults = Faults(share=arguments.share, kills=arguments.kills, outages_s=tuple(arguments.outages))
    outcome = run(read_comments(arguments.file, arguments.count), faults)
    print(f"\n{outcome}")
    if arguments.report:
        options = f"--count {arguments.count} --share {arguments.share:g} --kills {arguments.kills}"
        outages = " ".join(f"{seconds:g}" for seconds in arguments.outages)
        command = f"$ python -m scripts.reliability.bulk comments.jsonl.gz {options} --outages {outages}"
        arguments.report.write_text(f"{command}\n{outcome}\n")
    for name in ("missing", "doubled", "unknown", "wrongly_dead", "wrongly_alive"):
        for item in getattr(outcome, name)[:10]:
            print(f"{name}: {item[:200]}", file=sys.stderr)
    sys.exit(not outcome.holds)


if __name__ == "__main__":
    main()
