"""Step 8: the ONNX graph with int8 weights and activations (static scales), at most 25 MB.

    python -m training.quantize --model build/training/onnx/model.onnx --tokenizer build/training/student \
        --out build/training/onnx/model_quantized.onnx

Static (QDQ) scales are constants in the file, so a comment's score does not depend on its neighbours in a batch, as
it does with dynamic quantization, which takes one scale over the whole batch.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import onnxruntime as ort
import typer
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from training.batches import encode
from training.comments import DATA_DIR, scored
from training.encoder import load_tokenizer

# ---- settings ---------------------------------------------------------------------------------------------------
OP_TYPES = ("MatMul", "Gemm")  # attention's own products, softmax, GELU and LayerNorm stay in fp32: little time there
PER_CHANNEL = True  # one weight scale per output feature
# Weights in 7 bits: on AVX2 without VNNI two u8*s8 products are added in 16 bits, which full-range weights overflow.
REDUCE_RANGE = True
ACTIVATIONS = QuantType.QUInt8
WEIGHTS = QuantType.QInt8
CALIBRATION = CalibrationMethod.MinMax
CALIBRATION_COMMENTS = 400  # of the training set, each alone: padding has no say in the scales
MAX_TOKENS = 128
MAX_MB = 25
# -----------------------------------------------------------------------------------------------------------------


class Comments(CalibrationDataReader):
    """Feeds tokenized comments, one at a time, to the calibration of activation ranges."""

    def __init__(self, ids: list[np.ndarray]):
        self.ids: Iterator[np.ndarray] = iter(ids)

    def get_next(self) -> dict | None:
        row = next(self.ids, None)
        if row is None:
            return None
        return {"input_ids": row[None].astype(np.int64), "attention_mask": np.ones((1, len(row)), dtype=np.int64)}


def fold(source: Path, out: Path) -> None:
    """Constant folding and other rewrites that hold on every CPU (onnxruntime's "basic" level)."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(out)
    options.log_severity_level = 3
    ort.InferenceSession(str(source), options, ["CPUExecutionProvider"])


def quantize_embeddings(model: onnx.ModelProto, min_rows: int = 64) -> int:
    """Replace each embedding table by int8 rows with one scale per row; returns how many tables.

    Gather(table) becomes Cast(Gather(int8 table)) * Gather(scales): only the rows looked up are widened.
    """
    initializers = {i.name: i for i in model.graph.initializer}
    nodes, replaced = [], set()
    for node in model.graph.node:
        table = initializers.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or table.data_type != TensorProto.FLOAT or len(table.dims) != 2 or table.dims[0] < min_rows:
            nodes.append(node)
            continue
        name, ids, out = table.name, node.input[1], node.output[0]
        if name not in replaced:
            weights = numpy_helper.to_array(table)
            scales = np.maximum(np.abs(weights).max(axis=1, keepdims=True), 1e-12) / 127
            rows = np.clip(np.rint(weights / scales), -127, 127).astype(np.int8)
            model.graph.initializer.extend(
                [
                    numpy_helper.from_array(rows, f"{name}_int8"),
                    numpy_helper.from_array(scales.astype(np.float32), f"{name}_scales"),
                ]
            )
            replaced.add(name)
        nodes += [
            helper.make_node("Gather", [f"{name}_int8", ids], [f"{out}_int8"], f"{out}_gather_int8"),
            helper.make_node("Gather", [f"{name}_scales", ids], [f"{out}_scale"], f"{out}_gather_scale"),
            helper.make_node("Cast", [f"{out}_int8"], [f"{out}_cast"], f"{out}_cast", to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{out}_cast", f"{out}_scale"], [out], f"{out}_dequantize"),
        ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    kept = [i for i in model.graph.initializer if i.name not in replaced]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return len(replaced)


def weight_matmuls(model: onnx.ModelProto) -> list[str]:
    """Names of the OP_TYPES nodes that multiply by a constant matrix."""
    constants = {i.name for i in model.graph.initializer}
    return [n.name for n in model.graph.node if n.op_type in OP_TYPES and n.input[1] in constants]


def quantize_model(source: Path, calibration: list[np.ndarray], out: Path) -> None:
    """Write OUT from the fp32 graph SOURCE. calibration: token ids of comments. Raises ValueError above MAX_MB."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folded = Path(scratch) / "folded.onnx"
        fold(source, folded)
        model = onnx.load(folded)
        quantize_embeddings(model)
        onnx.save(model, folded)
        quantize_static(
            folded,
            out,
            Comments(calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(OP_TYPES),
            nodes_to_quantize=weight_matmuls(model),
            per_channel=PER_CHANNEL,
            reduce_range=REDUCE_RANGE,
            activation_type=ACTIVATIONS,
            weight_type=WEIGHTS,
            calibrate_method=CALIBRATION,
            extra_options={"QuantizeBias": False, "ActivationSymmetric": False},
        )
    megabytes = out.stat().st_size / 1e6
    if megabytes > MAX_MB:
        raise ValueError(f"{out} has {megabytes:.1f} MB, more than {MAX_MB}")
    print(f"{out}: {megabytes:.1f} MB")


def quantize(
    model: Annotated[Path, typer.Option(help="fp32 ONNX file")],
    tokenizer: Annotated[Path, typer.Option(help="checkpoint folder with tokenizer.json")],
    out: Annotated[Path, typer.Option(help="int8 ONNX file to write")],
    data: Path = DATA_DIR,
) -> None:
    """Quantize MODEL with activation ranges seen on labelled training comments (never on the development set)."""
    rows = scored(data / "labelled.jsonl")[:CALIBRATION_COMMENTS]
    quantize_model(model, encode(load_tokenizer(str(tokenizer)), [r["text"] for r in rows], MAX_TOKENS), out)


if __name__ == "__main__":
    typer.run(quantize)
