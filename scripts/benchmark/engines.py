"""Each engine: load a model, then score texts. One thread each. What an engine needs is imported when it is loaded."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

BATCH = 32
MAX_TOKENS = 256  # as this project reads
Score = Callable[[Sequence[str]], int]  # texts in, tokens read


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


def _in_batches(encode, run) -> Score:
    """Padded batches of BATCH in the order of arrival."""

    def score(texts: Sequence[str]) -> int:
        rows = encode(texts)
        for start in range(0, len(rows), BATCH):
            run(*_padded(rows[start : start + BATCH]))
        return sum(map(len, rows))

    return score


def pipeline(folder: Path, batch_size: int = 1) -> Score:
    """The predecessor's way: PyTorch fp32 in a transformers pipeline, one comment per call unless batched."""
    import torch
    from transformers import pipeline as transformers_pipeline

    torch.set_num_threads(1)
    classify = transformers_pipeline("text-classification", model=str(folder), device="cpu")
    encode = _ids(folder)

    def score(texts: Sequence[str]) -> int:
        if batch_size == 1:
            for text in texts:
                classify(text, truncation=True)
        else:
            classify(list(texts), truncation=True, batch_size=batch_size)
        return sum(map(len, encode(texts)))

    return score


def onnxruntime(folder: Path, file: str) -> Score:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(str(folder / file), options, ["CPUExecutionProvider"])
    return _in_batches(_ids(folder), lambda ids, mask: session.run(None, {"input_ids": ids, "attention_mask": mask}))


def openvino(folder: Path, file: str) -> Score:
    import openvino as ov

    options = {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    model = ov.Core().compile_model(str(folder / file), "CPU", options)
    return _in_batches(_ids(folder), lambda ids, mask: model({"input_ids": ids, "attention_mask": mask}))


def ctranslate2(folder: Path) -> Score:
    """The encoder only; the head, a thousandth of the work, is left out."""
    import ctranslate2 as ct2

    converted = folder / "ctranslate2"
    if not converted.exists():
        ct2.converters.TransformersConverter(str(folder)).convert(str(converted), quantization="int8")
    encoder = ct2.Encoder(str(converted), device="cpu", compute_type="int8", intra_threads=1, inter_threads=1)
    encode = _ids(folder)

    def score(texts: Sequence[str]) -> int:
        rows = encode(texts)
        for start in range(0, len(rows), BATCH):
            encoder.forward_batch(rows[start : start + BATCH])
        return sum(map(len, rows))

    return score


def project(one_by_one: bool = False) -> Score:
    """This project's classifier: all texts in one call, or one per call. No cache: `classify` keeps nothing."""
    os.environ["ORT_THREADS"] = "1"
    from lambda_fn.classifier import SentimentClassifier

    classifier = SentimentClassifier.load()

    def score(texts: Sequence[str]) -> int:
        calls = [[text] for text in texts] if one_by_one else [texts]
        return sum(sentiment.tokens for call in calls for sentiment in classifier.classify(call))

    return score


# name -> (width, loader)
ENGINES: dict[str, tuple[int, Callable[[Path], Score]]] = {
    "PyTorch fp32 768, one by one (predecessor)": (768, pipeline),
    "PyTorch fp32 768, batches of 32": (768, lambda f: pipeline(f, BATCH)),
    "PyTorch fp32 384, one by one": (384, pipeline),
    "ONNX Runtime fp32 768": (768, lambda f: onnxruntime(f, "model.onnx")),
    "ONNX Runtime dynamic int8 768": (768, lambda f: onnxruntime(f, "model_dynamic.onnx")),
    "ONNX Runtime fp32 384": (384, lambda f: onnxruntime(f, "model.onnx")),
    "ONNX Runtime dynamic int8 384": (384, lambda f: onnxruntime(f, "model_dynamic.onnx")),
    "ONNX Runtime static QDQ int8 384": (384, lambda f: onnxruntime(f, "model_qdq.onnx")),
    "OpenVINO static QDQ int8 384": (384, lambda f: openvino(f, "model_qdq.onnx")),
    "CTranslate2 int8 384": (384, ctranslate2),
    "this project, one by one": (384, lambda f: project(one_by_one=True)),
    "this project": (384, lambda f: project()),
}
PREDECESSOR = "PyTorch fp32 768, one by one (predecessor)"
PROJECT = "this project"
