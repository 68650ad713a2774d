"""Who can say how a comment feels: a Hugging Face model, an LLM on Amazon Bedrock, or the project's own ensemble.

All three answer to one interface, `Teacher`, so that `training.annotate.annotate` knows none of them. The one on
Bedrock is in `bedrock_teacher.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from lambda_fn.model.classifier import LABELS, ModelError, SentimentClassifier
from lambda_fn.model.text import normalise


class TeacherError(RuntimeError):
    """A teacher cannot be loaded or reached. What it answered before is kept; the message says what to do."""


@dataclass(frozen=True)
class Opinion:
    """What a teacher says of one comment.

    score: -2 (clearly negative) to 2, as in GUIDE.md.
    probabilities: of negative, neutral, positive; None from a teacher that gives only a score.
    """

    score: int
    probabilities: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Estimate:
    """What annotating will take: requests and tokens of a paid service, and dollars. All zero on this machine."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0


class Teacher(Protocol):
    """name: what the annotations are signed with. batch_size: how many comments `annotate` wants at a time."""

    name: str
    batch_size: int

    def estimate(self, texts: Sequence[str]) -> Estimate:
        """What annotating all `texts` will take, before anything is sent."""
        ...

    def annotate(self, texts: Sequence[str]) -> list[Opinion | None]:
        """One opinion for each text, in order; None where the teacher gave none in spite of retries.

        Raises TeacherError if it cannot go on.
        """
        ...


def score_of(probabilities: Sequence[float]) -> int:
    """-2..2 from (negative, neutral, positive): the label, and 2 where it has at least 85 %.

    85 lies midway between the guideline's "would bet at roughly 70 %" and certainty.
    """
    best = int(np.argmax(probabilities))
    if LABELS[best] == "neutral":
        return 0
    size = 2 if probabilities[best] >= 0.85 else 1
    return size if LABELS[best] == "positive" else -size


# Names that published models give the three classes, beside their own.
_SYNONYMS = {
    "negative": {"negative", "neg", "bearish", "label_0", "very negative"},
    "neutral": {"neutral", "neu", "label_1"},
    "positive": {"positive", "pos", "bullish", "label_2", "very positive"},
}


def class_of(name: str, names: Sequence[str]) -> str:
    """Which of the three classes a model's label means. Raises TeacherError for one that cannot be told.

    Unnamed labels of a binary model are 0 negative, 1 positive; of a three-way model negative, neutral, positive.
    """
    lowered = name.lower()
    if len(names) == 2 and lowered == "label_1":
        return "positive"
    for label, synonyms in _SYNONYMS.items():
        if lowered in synonyms:
            return label
    raise TeacherError(f"the model's labels are {list(names)}; which of them is {'/'.join(LABELS)} cannot be told")


class HuggingFaceTeacher:
    """A text-classification model by Hugging Face id or local folder, run by transformers' pipeline.

    Raises TeacherError if it cannot be loaded: not a model, labels that say nothing, or the hub out of reach.
    """

    def __init__(self, model: str, batch_size: int = 32, max_tokens: int = 256):
        from transformers import pipeline

        self.name = f"hf:{Path(model).name if Path(model).exists() else model}"
        self.batch_size = batch_size
        try:
            self._pipeline = pipeline("text-classification", model=model, tokenizer=model, top_k=None)
        except (OSError, ValueError, KeyError) as error:
            raise TeacherError(
                f"cannot load {model} ({type(error).__name__}). It is no local folder with a sequence classification "
                f"model; is https://huggingface.co/{model} reachable? Else copy the model and pass its folder."
            ) from error
        names = list(self._pipeline.model.config.id2label.values())
        self._class_of = {name: class_of(name, names) for name in names}
        limit = getattr(self._pipeline.model.config, "max_position_embeddings", max_tokens)
        # RoBERTa's positions start at 2, so its window is two shorter than its table.
        self._max_tokens = min(max_tokens, limit - 2)

    def estimate(self, texts: Sequence[str]) -> Estimate:
        return Estimate()

    def annotate(self, texts: Sequence[str]) -> list[Opinion | None]:
        answers = self._pipeline(
            [normalise(text) for text in texts],
            batch_size=self.batch_size,
            truncation=True,
            max_length=self._max_tokens,
        )
        return [self._opinion(answer) for answer in answers]

    def _opinion(self, answer: list[dict]) -> Opinion:
        totals = dict.fromkeys(LABELS, 0.0)
        for row in answer:
            totals[self._class_of[row["label"]]] += float(row["score"])
        probabilities = tuple(totals[label] for label in LABELS)
        return Opinion(score_of(probabilities), probabilities)


class ArtifactTeacher:
    """An artifact folder of this project (ONNX), as the service would score with it."""

    def __init__(self, folder: Path, batch_size: int = 256):
        self.name = f"artifact:{folder.name}"
        self.batch_size = batch_size
        try:
            self._classifier = SentimentClassifier.load(folder)
        except ModelError as error:
            raise TeacherError(str(error)) from error

    def estimate(self, texts: Sequence[str]) -> Estimate:
        return Estimate()

    def annotate(self, texts: Sequence[str]) -> list[Opinion | None]:
        found = [tuple(s.probabilities[label] for label in LABELS) for s in self._classifier.classify(texts)]
        return [Opinion(score_of(probabilities), probabilities) for probabilities in found]


class EnsembleTeacher:
    """The project's own models: checkpoints and artifact folders, their probabilities averaged."""

    def __init__(self, folders: Sequence[Path], batch_size: int = 64):
        if not folders:
            raise TeacherError("an ensemble needs at least one folder")
        for folder in folders:
            if not folder.is_dir():
                raise TeacherError(f"cannot load {folder}: it is not a folder")
        self._members = [
            ArtifactTeacher(folder) if (folder / "onnx").is_dir() else HuggingFaceTeacher(str(folder))
            for folder in folders
        ]
        self.name = f"ensemble:{'+'.join(folder.name for folder in folders)}"
        self.batch_size = batch_size

    def estimate(self, texts: Sequence[str]) -> Estimate:
        return Estimate()

    def annotate(self, texts: Sequence[str]) -> list[Opinion | None]:
        opinions = [[opinion.probabilities for opinion in member.annotate(texts)] for member in self._members]
        means = np.mean(np.asarray(opinions, dtype=np.float64), axis=0)
        return [Opinion(score_of(mean), tuple(float(value) for value in mean)) for mean in means]
