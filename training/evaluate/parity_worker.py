"""Score a JSON list of texts with an artifact: what training.evaluate.parity runs on other CPUs. Needs no PyTorch.

python -m training.evaluate.parity_worker ARTIFACT TEXTS.json SCORES.json
"""

import json
import sys
from pathlib import Path

from lambda_fn.model.classifier import SentimentClassifier


def main(artifact: str, texts: str, out: str) -> None:
    """Write the probability of positive against negative for each text, in order."""
    sentiments = SentimentClassifier.load(artifact).classify(json.loads(Path(texts).read_text()))
    Path(out).write_text(json.dumps([s.score if s.label == "positive" else 1 - s.score for s in sentiments]))


if __name__ == "__main__":
    main(*sys.argv[1:])
