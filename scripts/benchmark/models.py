"""The peers' models: DistilBERTs of the predecessor's and of this project's shape, random weights, in every format.

Weights of the right shape take the same time as trained ones.
"""

from pathlib import Path

import numpy as np

from scripts.benchmark.engines import MAX_TOKENS

SHAPES = {768: {"dim": 768, "hidden_dim": 3072}, 384: {"dim": 384, "hidden_dim": 1536}}
CALIBRATION_ROWS = 16


def build(folder: Path, width: int, tokenizer_json: Path) -> Path:
    """Write the models of one width under `folder`, once: a checkpoint, and ONNX in fp32, dynamic int8, static int8."""
    target = folder / str(width)
    if (target / "ready").exists():
        return target
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import DistilBertConfig, DistilBertForSequenceClassification, PreTrainedTokenizerFast

    torch.manual_seed(0)
    config = DistilBertConfig(n_layers=6, n_heads=12, num_labels=3, **SHAPES[width])
    model = DistilBertForSequenceClassification(config).eval()
    model.save_pretrained(target)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_file=str(tokenizer_json), model_max_length=MAX_TOKENS, **special).save_pretrained(
        target
    )
    export(model, target / "model.onnx")
    quantize_dynamic(target / "model.onnx", target / "model_dynamic.onnx", weight_type=QuantType.QInt8)
    if width == 384:
        static(target)
    (target / "ready").touch()
    return target


def export(model, out: Path) -> None:
    import torch

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask).logits

    ids = torch.randint(5, 900, (2, 9))
    names = ["input_ids", "attention_mask"]
    axes = {name: {0: "batch", 1: "tokens"} for name in names} | {"logits": {0: "batch"}}
    torch.onnx.export(
        Logits().eval(), (ids, torch.ones_like(ids)), str(out), input_names=names, output_names=["logits"],
        dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip


def static(folder: Path) -> None:
    """ONNX Runtime's own static quantization (QDQ), its defaults but for per-channel, 7-bit weights."""
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

    class Rows(CalibrationDataReader):
        def __init__(self):
            ids = np.random.default_rng(0).integers(5, 900, (CALIBRATION_ROWS, 1, 32))
            self.rows = iter([{"input_ids": row, "attention_mask": np.ones_like(row)} for row in ids])

        def get_next(self):
            return next(self.rows, None)

    quantize_static(
        folder / "model.onnx", folder / "model_qdq.onnx", Rows(), op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True, reduce_range=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
    )  # fmt: skip
