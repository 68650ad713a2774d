"""Texts in, sentiments out: tokenize, bucket by length, run ONNX. No HTTP, no AWS.

A batch holds comments of similar length under a token budget, so that no comment is padded to a far longer
neighbour's length. The model's quantization scales are static, so a comment's score does not depend on its batch.
The logits come out of the graph calibrated: their softmax is the service's probabilities.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

# One process, few cores: the tokenizer's own thread pool would only compete with the matrix products.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from lambda_fn.model.hidden import LAYER, further_output
from lambda_fn.model.ngrams import NGrams
from lambda_fn.model.text import normalise
from lambda_fn.settings import get_settings

LABELS = ("negative", "neutral", "positive")
NEGATIVE, NEUTRAL, POSITIVE = range(3)

# A batch may pad its shortest comment to this multiple of its length, plus a few tokens.
MAX_PADDING_RATIO = 1.25
PADDING_SLACK_TOKENS = 4
# With this many tokens a batch is worth a run of its own: it ends where the length changes, so that most rows have no
# padding at all (docs/SPEED.md).
ENOUGH_TOKENS = 256
# More characters than the window's tokens have in all but the oddest text.
BEGINNING_CHARS = 2_000


# Takes the states [tokens, width] of one text's tokens.
TakesStates = Callable[[np.ndarray], object]
NO_STATES: Mapping[int, TakesStates] = MappingProxyType({})


class ModelError(RuntimeError):
    """The model artifact is missing, incomplete or of another shape than this code expects."""


@dataclass(frozen=True, slots=True)
class Sentiment:
    """What the model reads in one comment.

    label: "positive" or "negative", the larger of the two.
    score: calibrated probability of `label` between those two, in [0.5, 1]: its share of their `probabilities`.
    probabilities: of "negative", "neutral" and "positive"; they sum to 1.
    tokens: tokens the model read, its two markers included.
    truncated: whether the comment was longer than the model's window.
    settled: whether the first stage, the n-grams, settled it, so that the encoder did not read it.
    """

    label: str
    score: float
    probabilities: dict[str, float]
    tokens: int
    truncated: bool
    settled: bool = False


class SentimentClassifier:
    """A quantized DistilBERT in one ONNX Runtime session. Thread-safe: `classify` keeps no state."""

    def __init__(
        self,
        session: ort.InferenceSession,
        tokenizer: Tokenizer,
        config: dict[str, Any],
        revision: str,
        batch_tokens: int,
        folder: Path,
        ngrams: NGrams | None = None,
    ):
        self.session = session
        # Of a graph with a first stage the one output that is both stages' for every comment: with the first stage off,
        # no comment is settled by it.
        outputs = [output.name for output in session.get_outputs()]
        self._output = "mixed_logits" if "mixed_logits" in outputs else "logits"
        self.tokenizer = tokenizer
        self.revision = revision
        self.max_tokens: int = config["max_tokens"]
        self.batch_tokens = batch_tokens
        self._pad_id: int = config["pad_token_id"]
        self.folder = folder
        self.ngrams = ngrams
        self._gives_states = False
        self._lock = threading.Lock()

    def __reduce__(self) -> Any:
        """A session cannot be pickled: the other process (Spark, joblib, Ray) loads the same folder."""
        return type(self).load, (self.folder,)

    @classmethod
    def load(cls, model_dir: str | Path | None = None) -> "SentimentClassifier":
        """Read the artifact folder: config.json, tokenizer.json, onnx/model_quantized.onnx, manifest.json.

        model_dir: default the setting MODEL_DIR, else the model in this repository.
        Raises ModelError if a file is missing or unreadable.
        """
        settings = get_settings()
        folder = Path(model_dir or settings.model_dir)
        try:
            config = json.loads((folder / "config.json").read_text())
            revision = json.loads((folder / "manifest.json").read_text())["revision"]
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            session = ort.InferenceSession(
                str(folder / "onnx" / "model_quantized.onnx"),
                session_options(settings.threads),
                ["CPUExecutionProvider"],
            )
            tokenizer.no_padding()
            tokenizer.enable_truncation(max_length=config["max_tokens"])
            labels = tuple(config["id2label"][str(i)] for i in range(len(config["id2label"])))
            stage = folder / "ngrams.npz"
            ngrams = NGrams.load(stage) if settings.first_stage and stage.is_file() else None
            classifier = cls(session, tokenizer, config, revision, settings.batch_tokens, folder, ngrams)
        except KeyError as error:
            raise ModelError(f"cannot load the model in {folder}: its config has no {error}") from error
        except OSError as error:
            raise ModelError(f"cannot load the model in {folder}: {error}") from error
        except Exception as error:  # tokenizers and onnxruntime raise their own bare exceptions for a broken file
            raise ModelError(f"cannot load the model in {folder}: {type(error).__name__}: {error}") from error
        if "calibration" in config:
            raise ModelError(
                f"the model in {folder} was made before its calibration was part of the graph: make it again"
            )
        if labels != LABELS:
            raise ModelError(f"the model in {folder} has labels {labels}, expected {LABELS}")
        return classifier

    def classify(
        self, texts: Sequence[str], stage: str = "either", states: Mapping[int, TakesStates] = NO_STATES
    ) -> list[Sentiment]:
        """Score `texts`, in order. Any string gets a result; an empty one gets the model's prior.

        stage: "either", as the service scores; "ngrams" or "encoder" (with the n-grams' share) for all texts, so that
        what one of them says of several texts can be compared. Without n-grams all are the encoder's.
        states: of some texts, by their places, what is given the states [tokens, WIDTH] of their tokens in the inner
        layer of `lambda_fn.model.hidden`; the encoder reads these texts whatever the n-grams say.
        Raises TypeError for one string in place of a list, and for an item that is not a string, which it names.
        """
        if isinstance(texts, str):
            raise TypeError("classify takes a list of texts; for one text: classify([text])")
        for place, text in enumerate(texts):
            if not isinstance(text, str):
                raise TypeError(f"texts[{place}] must be a string, not {type(text).__name__}")
        encodings = self.encode([normalise(text) for text in texts])
        ids = [encoding.ids for encoding in encodings]
        if self.ngrams is None:
            settled, logits = np.zeros(len(ids), dtype=bool), np.empty((len(ids), len(LABELS)))
        else:
            settled, logits = self.ngrams.read(ids)
            if stage != "either":
                settled = np.full(len(ids), stage == "ngrams")
        left = [i for i, done in enumerate(settled.tolist()) if not done or i in states]
        for batch in length_buckets([len(ids[i]) for i in left], self.batch_tokens):
            rows = [left[i] for i in batch]
            wanted = [(row, i) for row, i in enumerate(rows) if i in states]
            read, layer = self._run([ids[i] for i in rows], bool(wanted))
            unsettled = ~settled[rows]
            logits[np.compress(unsettled, rows)] = read[unsettled]
            for row, i in wanted:
                states[i](layer[row, : len(ids[i])])
        return self._sentiments(logits, encodings, settled)

    def encode(self, texts: Sequence[str]) -> list[Any]:
        """The tokenizer's encodings of normalised `texts`, cut to the model's window.

        WordPiece takes time quadratic in a word's length, and nobody reads what it makes of words beyond the window:
        a long text's beginning is enough wherever that alone fills the window.
        """
        encodings: list[Any] = self.tokenizer.encode_batch_fast([beginning(text) for text in texts])
        short = [i for i, text in enumerate(texts) if len(text) > BEGINNING_CHARS and not encodings[i].overflowing]
        if short:
            for i, whole in zip(short, self.tokenizer.encode_batch_fast([texts[i] for i in short]), strict=True):
                encodings[i] = whole
        return encodings

    def _run(self, ids: list[list[int]], with_states: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Logits [n, 3] of one batch, padded to its longest member, and its states [n, width, WIDTH] or nothing."""
        if not with_states:
            return self.session.run([self._output], self.inputs(ids))[0], np.empty(0)
        self.give_states()
        logits, layer = self.session.run([self._output, LAYER], self.inputs(ids))
        return logits, layer

    def give_states(self) -> None:
        """From now on, or from the first time that states are asked for, the session is one whose graph has them as an
        output: the same in all else, its logits to the bit. Two sessions would hold the weights twice."""
        with self._lock:
            if not self._gives_states:
                self.session = self.extended(further_output(LAYER))
                self._gives_states = True

    def inputs(self, ids: list[list[int]]) -> dict[str, np.ndarray]:
        """The graph's two inputs [n, width] of one batch of token ids, padded to its longest member."""
        width = max(map(len, ids))
        input_ids = np.full((len(ids), width), self._pad_id, dtype=np.int64)
        attention_mask = np.zeros((len(ids), width), dtype=np.int64)
        for row, tokens in enumerate(ids):
            input_ids[row, : len(tokens)] = tokens
            attention_mask[row, : len(tokens)] = 1
        return {"input_ids": input_ids, "attention_mask": attention_mask}

    def extended(self, appended: bytes) -> ort.InferenceSession:
        """A session of the same graph with `appended` merged into it (`lambda_fn.model.hidden`)."""
        model = (self.folder / "onnx" / "model_quantized.onnx").read_bytes() + appended
        return ort.InferenceSession(model, session_options(get_settings().threads), ["CPUExecutionProvider"])

    def _sentiments(self, logits: np.ndarray, encodings: list[Any], settled: np.ndarray) -> list[Sentiment]:
        logits = logits.astype(np.float64)
        probabilities = softmax(logits)
        margin = logits[:, POSITIVE] - logits[:, NEGATIVE]
        scores = 1 / (1 + np.exp(-np.abs(margin)))
        return [
            Sentiment(
                label="positive" if margin[i] >= 0 else "negative",
                score=float(scores[i]),
                probabilities=dict(zip(LABELS, probabilities[i].tolist(), strict=True)),
                tokens=len(encoding.ids),
                truncated=bool(encoding.overflowing),
                settled=bool(settled[i]),
            )
            for i, encoding in enumerate(encodings)
        ]


def beginning(text: str) -> str:
    """`text` up to the last blank within its first BEGINNING_CHARS characters, so that no word is cut in two."""
    if len(text) <= BEGINNING_CHARS:
        return text
    end = text.rfind(" ", 0, BEGINNING_CHARS)
    return text if end < 0 else text[:end]


def softmax(logits: np.ndarray) -> np.ndarray:
    """Row-wise softmax of [n, classes]."""
    exponentials: np.ndarray = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def length_buckets(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Indices of `lengths` in batches of similar length, each at most `batch_tokens` tokens with its padding.

    A comment longer than `batch_tokens` is a batch of its own.
    """
    batch: list[int] = []
    shortest = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = lengths[index]
        too_many = length * (len(batch) + 1) > batch_tokens
        too_uneven = length > shortest * MAX_PADDING_RATIO + PADDING_SLACK_TOKENS
        enough = bool(batch) and length > lengths[batch[-1]] and lengths[batch[-1]] * len(batch) >= ENOUGH_TOKENS
        if batch and (too_many or too_uneven or enough):
            yield batch
            batch = []
        if not batch:
            shortest = length
        batch.append(index)
    if batch:
        yield batch


def session_options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A waiting thread that spins would burn the CPU credit that Lambda meters.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    # The graph is written in fused operators already; what the levels above would add depends on the CPU.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return options
