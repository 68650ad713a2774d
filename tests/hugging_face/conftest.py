"""The artifact as it lies in the repository, opened by other people's libraries: `make test-hugging-face`.

Each library has an environment of its own (transformers.txt, optimum.txt, package-lock.json); what the model card says
to write is what is run here.
"""

import os
import re

import numpy as np
import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # nothing but the folder may be needed

from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.settings import shipped_model

TEXTS = [
    "Bitcoin to the moon!",
    "I lost everything on Luna",
    "What is the withdrawal fee on Binance?",
    "Buying more at these prices, see you all in 2030",
    "rug pull",
    "the devs sold, the price fell, and still they say: hold. " * 80,  # beyond the window
]


@pytest.fixture(scope="session")
def folder() -> str:
    return str(shipped_model())


@pytest.fixture(scope="session")
def expected() -> np.ndarray:
    """Probabilities [n, 3] that the service gives TEXTS."""
    sentiments = SentimentClassifier.load().classify(TEXTS)
    assert sentiments[-1].truncated
    return np.array([list(s.probabilities.values()) for s in sentiments])


@pytest.fixture(scope="session")
def card() -> dict[str, str]:
    """The model card's blocks of code, by the first word of the line above: what they are for."""
    text = (shipped_model() / "README.md").read_text()
    return dict(re.findall(r"^([\w.-]+)[^\n]*:\n\n```\w+\n(.*?)```", text, re.MULTILINE | re.DOTALL))


def in_our_order(answers: list[list[dict]]) -> np.ndarray:
    """[n, 3] from the pipelines' lists of {label, score}, which are ordered by score."""
    names = ("negative", "neutral", "positive")
    return np.array([[{a["label"]: a["score"] for a in answer}[name] for name in names] for answer in answers])
