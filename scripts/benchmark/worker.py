"""One engine in a process of its own, pinned to one core: `python -m scripts.benchmark.worker NAME MODELS TEXTS COUNT`.

Loads, prints {"load_s", "rss_mb", "precision"}; then scores the first COUNT of TEXTS once for every line on stdin and
prints {"wall_s", "cpu_s", "tokens", "comments", "peak_mb"}.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def peak_mb() -> float:
    """Of this program alone: getrusage would also count what its parent held when it was started."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main(name: str, models: str, texts_file: str, count: str) -> None:
    from scripts.benchmark.engines import ENGINES

    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    texts = json.loads(Path(texts_file).read_text())[: int(count)]
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not stand between the answers
    started = time.perf_counter()
    engine = ENGINES[name]
    loaded = engine.load(Path(models) / str(engine.width))
    loaded.score(texts[:8])
    ready = {"load_s": time.perf_counter() - started, "rss_mb": peak_mb(), "precision": loaded.precision}
    print(json.dumps(ready), file=out, flush=True)
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        tokens = loaded.score(texts)
        figures = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu, "tokens": tokens}
        print(json.dumps(figures | {"comments": len(texts), "peak_mb": peak_mb()}), file=out, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
