"""`python -m tests.image.report` prints, as Markdown, the image's size by layer, and what its functions take to run."""

import json
import os
import re

from tests.aws import LocalAws
from tests.image import build
from tests.image.container import Function
from tests.image.test_image import COMMENTS, EVENT, MEMORY_MB, sqs_event


def main() -> None:
    build.build_image()
    print(sizes(), "", costs(), sep="\n")


def sizes() -> str:
    rows = ["| layer | MB | MB compressed |", "|---|---|---|"]
    layers = build.added_layers()
    for layer in layers:
        copied = re.search(r"in (\S+)|(\S+)\s*$", layer.step)
        name = (copied[1] or copied[2]) if copied else layer.step
        rows.append(f"| `{name}` | {layer.bytes / 1e6:.1f} | {layer.compressed / 1e6:.1f} |")
    total, compressed = sum(x.bytes for x in layers), sum(x.compressed for x in layers)
    return "\n".join([*rows, f"| **added to the base** | **{total / 1e6:.1f}** | **{compressed / 1e6:.1f}** |"])


def costs() -> str:
    rows = [
        "| function | memory | CPU | init, s | CPU-seconds of init and first event | peak memory, MB |",
        "|---|---|---|---|---|---|",
    ]
    with LocalAws() as aws:
        for handler, event in (("api", EVENT), ("bulk", sqs_event(COMMENTS))):
            for memory_mb in MEMORY_MB:
                environment = aws.environment(aws.create_queue()) if handler == "bulk" else {}
                with Function(f"lambda_fn.{handler}.handler", environment, memory_mb=memory_mb) as function:
                    answer = function.invoke(event)
                    if answer.failed:
                        raise SystemExit(json.dumps(answer.body))
                    row = (handler, f"{memory_mb} MB", function.cpus, f"{function.init_s():.1f}")
                    rows.append(
                        "| "
                        + " | ".join(map(str, row))
                        + f" | {function.cpu_s():.1f} | {function.peak_memory_mb():.0f} |"
                    )
    return "\n".join([*rows, "", f"Load of the machine ({os.cpu_count()} cores) meanwhile: {os.getloadavg()[1]:.1f}."])


if __name__ == "__main__":
    main()
