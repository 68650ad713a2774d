"""Logits of an fp32 checkpoint, and the few figures by which training steps are compared on the development set."""

from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from tokenizers import Tokenizer
from torch import nn

from lambda_fn.model.classifier import NEGATIVE, POSITIVE
from training.data.comments import key
from training.train.batches import encode, in_order
from training.train.encoder import pad_token
from training.train.loop import bfloat16_is_fast

BATCH_TOKENS = 8192


@torch.inference_mode()
def logits_of_ids(
    model: nn.Module, ids: list[np.ndarray], pad_id: int, label: str = "", fast: bool = True
) -> np.ndarray:
    """[n, 3] float32 logits, in the order of `ids`. fast: bfloat16 weights where the processor has units for them."""
    model.eval()
    model.to(torch.bfloat16 if fast and bfloat16_is_fast() else torch.float32)
    logits = np.empty((len(ids), model.config.num_labels), dtype=np.float32)
    batches = list(in_order(ids, BATCH_TOKENS, pad_id))
    for batch in track(batches, label, disable=not label):
        out = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
        logits[batch.rows] = out.float().numpy()
    return logits


def logits_of(
    model: nn.Module, tokenizer: Tokenizer, texts: list[str], max_tokens: int, label: str = "", fast: bool = False
) -> np.ndarray:
    """[n, 3] float32 logits of `texts`, in fp32 unless `fast`."""
    return logits_of_ids(model, encode(tokenizer, texts, max_tokens), pad_token(tokenizer), label, fast)


def dev_figures(logits: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Accuracies and macro-F1 in percent, from [n, 3] logits and n scores of -2..2.

    binary: sign of positive minus negative, over the rows whose score is not 0; sure: over |score| = 2.
    """
    from sklearn.metrics import f1_score

    sided, sure = scores != 0, np.abs(scores) == 2
    right = (logits[:, POSITIVE] >= logits[:, NEGATIVE]) == (scores > 0)
    classes = np.sign(scores).astype(int) + 1
    return {
        "binary": round(100 * float(right[sided].mean()), 2),
        "sure": round(100 * float(right[sure].mean()), 2),
        "binary_f1": round(
            100
            * float(f1_score(scores[sided] > 0, (logits[:, POSITIVE] >= logits[:, NEGATIVE])[sided], average="macro")),
            2,
        ),
        "accuracy_3": round(100 * float((logits.argmax(1) == classes).mean()), 2),
        "macro_f1_3": round(100 * float(f1_score(classes, logits.argmax(1), average="macro")), 2),
    }


def save_logits(path: Path, rows: list[dict], logits: np.ndarray) -> None:
    """`keys` (comments.key) and `logits` [n, 3], for paired comparisons later."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, keys=np.array([key(r) for r in rows]), logits=logits.astype(np.float32))


def onnx_logits(
    model: Path | bytes, tokenizer: Tokenizer, texts: list[str], max_tokens: int, threads: int = 0
) -> np.ndarray:
    """[n, 3] float32 logits of an ONNX file, or of one in memory, batched as the service batches."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = ort.InferenceSession(model if isinstance(model, bytes) else str(model), options, ["CPUExecutionProvider"])
    ids = encode(tokenizer, texts, max_tokens)
    logits = np.empty((len(ids), 3), dtype=np.float32)
    for batch in in_order(ids, 4096, pad_token(tokenizer)):
        feed = {"input_ids": batch.input_ids.numpy(), "attention_mask": batch.attention_mask.numpy()}
        logits[batch.rows] = session.run(["logits"], feed)[0]
    return logits
