"""The int8 graph of a class that graph.py does not write (BERT, RoBERTa): onnxruntime's own QDQ quantizer.

Static (QDQ) scales are constants in the file, so a comment's score does not depend on its neighbours in a batch, as
it does with dynamic quantization, which takes one scale over the whole batch.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

# ---- settings ---------------------------------------------------------------------------------------------------
OP_TYPES = ("MatMul", "Gemm")  # attention's own products, softmax, GELU and LayerNorm stay in fp32: little time there
PER_CHANNEL = True  # one weight scale per output feature
# Weights in 7 bits: on AVX2 without VNNI two u8*s8 products are added in 16 bits, which full-range weights overflow.
REDUCE_RANGE = True
ACTIVATIONS = QuantType.QUInt8
WEIGHTS = QuantType.QInt8
CALIBRATION = CalibrationMethod.MinMax
# In each feed-forward block one or two of the 1,536 channels after GELU carry values and weights ten times all others'
# and would coarsen the scale of all. The worst this many go through a small product in fp32 of their own.
OUTLIER_CHANNELS = 8
# int8 is a quarter of fp32; scales and outlier rows come on top (26.5 % in all at width 384, 25 % at 768). A table left
# in fp32 by mistake goes beyond. With the graph's own nodes: 25 MB for MiniLM, 73 MB for a 768-wide DistilBERT.
MAX_SHARE = 0.27  # of the fp32 file's bytes
GRAPH_BYTES = 500_000
# -----------------------------------------------------------------------------------------------------------------


def check_size(out: Path, fp32: Path) -> None:
    """Print the size of the int8 file OUT. Raises ValueError if it is too large for the weights of the file FP32."""
    size, most = out.stat().st_size, MAX_SHARE * fp32.stat().st_size + GRAPH_BYTES
    if size > most:
        raise ValueError(f"{out} has {size / 1e6:.1f} MB, more than the {most / 1e6:.1f} MB that {fp32} allows")
    print(f"{out}: {size / 1e6:.1f} MB")


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
            helper.make_node("Gather", [f"{name}_scales", ids], [f"{out}_row_scale"], f"{out}_gather_scale"),
            helper.make_node("Cast", [f"{out}_int8"], [f"{out}_cast"], f"{out}_cast", to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{out}_cast", f"{out}_row_scale"], [out], f"{out}_dequantize"),
        ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    kept = [i for i in model.graph.initializer if i.name not in replaced]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return len(replaced)


def contractions(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Products with a constant matrix of more rows than columns: the second half of each feed-forward block."""
    shapes = {i.name: tuple(i.dims) for i in model.graph.initializer}
    products = [n for n in model.graph.node if n.op_type == "MatMul" and n.input[1] in shapes]
    return [n for n in products if shapes[n.input[1]][0] > shapes[n.input[1]][1]]


def channel_ranges(model: onnx.ModelProto, names: list[str], calibration: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Smallest and largest value of each channel of the tensors `names`: name -> [2, channels]."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    probe.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = ort.InferenceSession(probe.SerializeToString(), providers=["CPUExecutionProvider"])
    ranges: dict[str, np.ndarray] = {}
    reader = Comments(calibration)
    while (feed := reader.get_next()) is not None:
        for name, value in zip(names, session.run(names, feed), strict=True):
            flat = value.reshape(-1, value.shape[-1])
            low, high = ranges.get(name, (np.inf, -np.inf))
            ranges[name] = np.stack([np.minimum(low, flat.min(axis=0)), np.maximum(high, flat.max(axis=0))])
    return ranges


def split_outliers(model: onnx.ModelProto, calibration: list[np.ndarray]) -> dict[str, list[dict]]:
    """Move OUTLIER_CHANNELS channels of each contraction into an fp32 product; returns the ranges of what is left.

    The int8 product gets zero weights for them, so it does not matter that their values saturate there. The ranges
    are in the form of onnxruntime's TensorQuantOverrides.
    """
    constants = {i.name: i for i in model.graph.initializer}
    overrides: dict[str, list[dict]] = {}
    nodes = contractions(model) if OUTLIER_CHANNELS else []
    ranges = channel_ranges(model, [n.input[0] for n in nodes], calibration) if nodes else {}
    for node in nodes:
        source, weight = node.input[0], constants[node.input[1]]
        matrix = numpy_helper.to_array(weight).copy()
        low, high = ranges[source]
        reach = np.maximum(-low, high)
        outliers = np.sort(np.argsort(reach * np.abs(matrix).max(axis=1))[-OUTLIER_CHANNELS:])
        kept = np.setdiff1d(np.arange(len(reach)), outliers)
        name = weight.name
        model.graph.initializer.extend(
            [
                numpy_helper.from_array(outliers.astype(np.int64), f"{name}_outliers"),
                numpy_helper.from_array(matrix[outliers], f"{name}_outlier_rows"),
            ]
        )
        matrix[outliers] = 0
        weight.CopyFrom(numpy_helper.from_array(matrix, name))
        out = node.output[0]
        node.output[0] = f"{out}_int8"
        # The quantizer rewires every reader of a tensor that it quantizes: the fp32 product keeps its own.
        kept_input = f"{source}_kept"
        node.input[0] = kept_input
        at = list(model.graph.node).index(node)
        model.graph.node.insert(at, helper.make_node("Identity", [source], [kept_input], f"{node.name}_kept"))
        extra = [
            helper.make_node("Gather", [source, f"{name}_outliers"], [f"{out}_picked"], f"{node.name}_pick", axis=-1),
            helper.make_node(
                "MatMul", [f"{out}_picked", f"{name}_outlier_rows"], [f"{out}_fp32"], f"{node.name}_outliers"
            ),
            helper.make_node("Add", [f"{out}_int8", f"{out}_fp32"], [out], f"{node.name}_joined"),
        ]
        at = list(model.graph.node).index(node) + 1
        for offset, new in enumerate(extra):
            model.graph.node.insert(at + offset, new)
        overrides[kept_input] = [{"rmin": np.minimum(low[kept].min(), 0), "rmax": np.maximum(high[kept].max(), 0)}]
    return overrides


def weight_matmuls(model: onnx.ModelProto) -> list[str]:
    """Names of the OP_TYPES nodes that multiply by a constant matrix."""
    constants = {i.name for i in model.graph.initializer}
    products = [n for n in model.graph.node if n.op_type in OP_TYPES and n.input[1] in constants]
    return [n.name for n in products if not n.name.endswith("_outliers")]


def quantize_model(source: Path, calibration: list[np.ndarray], out: Path) -> None:
    """Write OUT from the fp32 graph SOURCE. calibration: token ids of comments. Raises as check_size does."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folded = Path(scratch) / "folded.onnx"
        fold(source, folded)
        model = onnx.load(folded)
        overrides = split_outliers(model, calibration)
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
            extra_options={"QuantizeBias": False, "ActivationSymmetric": False, "TensorQuantOverrides": overrides},
        )
    check_size(out, source)
