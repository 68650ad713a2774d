"""Each engine: load a model, then score texts. One thread each. What an engine needs is imported when it is loaded.

An engine says in which precision it computes: OpenVINO and CTranslate2 choose one by the CPU (OpenVINO takes bfloat16
for all that is not int8 where the CPU has it), so those two are asked.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

BATCH = 32
MAX_TOKENS = 256  # as this project reads
PRECISION_NAMES = {"f32": "fp32", "bf16": "bfloat16"}  # OpenVINO's names
Score = Callable[[Sequence[str]], int]  # texts in, tokens read


@dataclass(frozen=True)
class Loaded:
    """score: texts in, tokens read. precision: of the products of weights, and of the rest where that differs."""

    score: Score
    precision: str


def _ids(folder: Path):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return lambda texts: [e.ids for e in tokenizer.encode_batch_fast(list(texts))]


def _padded(rows: list[list[int]]):
    import numpy as np

    ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)], mask[i, : len(row)] = row, 1
    return ids, mask


def _batches(rows: list[list[int]], by_length: bool) -> Iterable[list[list[int]]]:
    """BATCH rows at a time, in the order of arrival or of their lengths."""
    if by_length:
        rows = sorted(rows, key=len)
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def in_batches(encode, run, by_length: bool) -> Score:
    """encode: texts to token ids. run(ids, mask): the model on one padded batch."""

    def score(texts: Sequence[str]) -> int:
        rows = encode(texts)
        for batch in _batches(rows, by_length):
            run(*_padded(batch))
        return sum(map(len, rows))

    return score


def pipeline(folder: Path, batch_size: int = 1, by_length: bool = False) -> Loaded:
    """The predecessor's way: PyTorch fp32 in a transformers pipeline, one comment per call unless batched."""
    import torch
    from transformers import pipeline as transformers_pipeline

    torch.set_num_threads(1)
    classify = transformers_pipeline("text-classification", model=str(folder), device="cpu")
    encode = _ids(folder)

    def score(texts: Sequence[str]) -> int:
        lengths = list(map(len, encode(texts)))
        if by_length:
            texts = [text for _, text in sorted(zip(lengths, texts, strict=True))]
        if batch_size == 1:
            for text in texts:
                classify(text, truncation=True)
        else:
            classify(list(texts), truncation=True, batch_size=batch_size)
        return sum(lengths)

    return Loaded(score, "fp32")


def onnxruntime(folder: Path, file: str, by_length: bool = False) -> Loaded:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(str(folder / file), options, ["CPUExecutionProvider"])

    def run(ids, mask):
        session.run(None, {"input_ids": ids, "attention_mask": mask})

    precision = "fp32" if file == "model.onnx" else "int8, the rest fp32"
    return Loaded(in_batches(_ids(folder), run, by_length), precision)


def openvino(folder: Path, file: str, by_length: bool = False) -> Loaded:
    os.environ.setdefault(
        "CI", "true"
    )  # its import leaves an id for Google Analytics under HOME; no other variable helps
    import openvino as ov

    options = {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    model = ov.Core().compile_model(str(folder / file), "CPU", options)
    rest = model.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    score = in_batches(_ids(folder), lambda ids, mask: model({"input_ids": ids, "attention_mask": mask}), by_length)
    return Loaded(score, f"int8, the rest {PRECISION_NAMES.get(rest, rest)}")


def ctranslate2(folder: Path, by_length: bool = False) -> Loaded:
    """The encoder only; the head, a thousandth of the work, is left out."""
    import ctranslate2 as ct2

    converted = folder / "ctranslate2"
    if not converted.exists():
        ct2.converters.TransformersConverter(str(folder)).convert(str(converted), quantization="int8")
    encoder = ct2.Encoder(str(converted), device="cpu", compute_type="int8", intra_threads=1, inter_threads=1)
    encode = _ids(folder)

    def score(texts: Sequence[str]) -> int:
        rows = encode(texts)
        for batch in _batches(rows, by_length):
            encoder.forward_batch(batch)
        return sum(map(len, rows))

    # int8_float32 or int8_bfloat16: what the library made of "int8" on this CPU
    return Loaded(score, encoder.compute_type.replace("_", ", the rest ").replace("float32", "fp32"))


def project(one_by_one: bool = False) -> Loaded:
    """This project's classifier: all texts in one call, or one per call. No cache: `classify` keeps nothing."""
    os.environ["ORT_THREADS"] = "1"
    from lambda_fn.model.classifier import SentimentClassifier

    classifier = SentimentClassifier.load()

    def score(texts: Sequence[str]) -> int:
        calls = [[text] for text in texts] if one_by_one else [texts]
        return sum(sentiment.tokens for call in calls for sentiment in classifier.classify(call))

    return Loaded(score, "int8, the rest fp32")


@dataclass(frozen=True)
class Engine:
    """width: of the model's layers. slow: scores fewer comments, so that a round takes a minute."""

    width: int
    load: Callable[[Path], Loaded]
    slow: bool = False


ENGINES = {
    "PyTorch fp32 768, one by one (predecessor)": Engine(768, pipeline),
    "PyTorch fp32 768, batches of 32": Engine(768, lambda f: pipeline(f, BATCH), slow=True),
    "PyTorch fp32 768, batches of 32 by length": Engine(768, lambda f: pipeline(f, BATCH, by_length=True), slow=True),
    "PyTorch fp32 384, one by one": Engine(384, pipeline),
    "ONNX Runtime fp32 768": Engine(768, lambda f: onnxruntime(f, "model.onnx"), slow=True),
    "ONNX Runtime dynamic int8 768": Engine(768, lambda f: onnxruntime(f, "model_dynamic.onnx"), slow=True),
    "ONNX Runtime fp32 384": Engine(384, lambda f: onnxruntime(f, "model.onnx"), slow=True),
    "ONNX Runtime dynamic int8 384": Engine(384, lambda f: onnxruntime(f, "model_dynamic.onnx")),
    "ONNX Runtime dynamic int8 384, by length": Engine(384, lambda f: onnxruntime(f, "model_dynamic.onnx", True)),
    "ONNX Runtime static QDQ int8 384": Engine(384, lambda f: onnxruntime(f, "model_qdq.onnx")),
    "OpenVINO static QDQ int8 384": Engine(384, lambda f: openvino(f, "model_qdq.onnx")),
    "OpenVINO static QDQ int8 384, by length": Engine(384, lambda f: openvino(f, "model_qdq.onnx", True)),
    "CTranslate2 int8 384": Engine(384, ctranslate2),
    "CTranslate2 int8 384, by length": Engine(384, lambda f: ctranslate2(f, by_length=True)),
    "this project, one by one": Engine(384, lambda f: project(one_by_one=True)),
    "this project": Engine(384, lambda f: project()),
}
PREDECESSOR = "PyTorch fp32 768, one by one (predecessor)"
PROJECT = "this project"
