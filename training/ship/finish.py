"""Step 9c: the int8 graph as it ships: cut at the model's window, and its logits calibrated.

    python -m training.ship.finish --model build/training/onnx/model_quantized.onnx --tokenizer build/training/student \
        --calibration build/training/calibration.json --out build/training/onnx/model_calibrated.onnx

Whoever loads the folder with a library of its own (transformers, optimum, transformers.js) takes a plain softmax of the
logits, and may forget to truncate. So both are in the graph: a softmax gives the service's probabilities, and what is
longer than the window loses its end, as it does in the service. A finished graph can be finished again: what an earlier
run added is taken off first, so that the artifact in the repository is input enough.
"""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import typer
from onnx import TensorProto, helper, numpy_helper

from lambda_fn.model.classifier import NEGATIVE, NEUTRAL, POSITIVE
from training.ship.first_stage_nodes import CALIBRATION, INPUTS, MIXED, WINDOW, add_sums, node
from training.train.encoder import load_tokenizer

# ---- settings ---------------------------------------------------------------------------------------------------
MAX_TOKENS = 256
# -----------------------------------------------------------------------------------------------------------------

RAW = "encoder_logits"
POSITIONS = "positions"


def matrix(calibration: dict) -> tuple[np.ndarray, np.ndarray]:
    """[5, 3] and [3]: (logits, n-grams' margin and neutral) @ weight + bias are calibrated.

    Without n-grams in the calibration their two rows are 0. training.evaluate.calibrate has the formula.
    """
    half, neutral = 0.5 / calibration["binary_temperature"], 1 / calibration["neutral_temperature"]
    weight = np.zeros((5, 3))
    weight[[NEGATIVE, POSITIVE], NEGATIVE] = half, -half
    weight[[NEGATIVE, POSITIVE], POSITIVE] = -half, half
    weight[[NEGATIVE, NEUTRAL, POSITIVE], NEUTRAL] = -neutral / 2, neutral, -neutral / 2
    ngrams = calibration.get("ngrams", {"margin_share": 0, "neutral_share": 0})
    weight[3, [NEGATIVE, POSITIVE]] = -ngrams["margin_share"] / 2, ngrams["margin_share"] / 2
    weight[4, NEUTRAL] = ngrams["neutral_share"]
    bias = np.zeros(3)
    bias[NEUTRAL] = calibration["neutral_bias"]
    return weight, bias


def rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    """`old` is called `new` wherever a node reads or writes it."""
    for each in graph.node:
        for names in (each.input, each.output):
            for index, name in enumerate(names):
                if name == old:
                    names[index] = new


def encoder_of(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph without what `finish` added; a graph that has nothing of it stays as it is."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    for parts in (bare.graph.node, bare.graph.initializer):
        kept = [part for part in parts if not part.name.startswith((WINDOW, CALIBRATION))]
        del parts[:]
        parts.extend(kept)
    for name in INPUTS:
        rename(bare.graph, WINDOW + name, name)
    rename(bare.graph, RAW, "logits")
    outputs = [output for output in bare.graph.output if output.name != MIXED]
    del bare.graph.output[:]
    bare.graph.output.extend(outputs)
    return bare


def cut(graph: onnx.GraphProto, max_tokens: int, end_token: int) -> None:
    """Rows beyond `max_tokens` keep as many: the first max_tokens - 1, and the end token."""
    for name in INPUTS:
        rename(graph, name, WINDOW + name)
    constants = {
        "zero": [0],
        "axis": [1],
        "size": [max_tokens],
        "last": [max_tokens - 1],
        "end_token": [end_token],
    }
    graph.initializer.extend(
        numpy_helper.from_array(np.array(value, dtype=np.int64), WINDOW + name) for name, value in constants.items()
    )
    nodes = []

    def add(op: str, inputs: list[str], output: str, **attributes) -> None:
        inputs = [WINDOW + name if name not in INPUTS else name for name in inputs]
        nodes.append(helper.make_node(op, inputs, [WINDOW + output], WINDOW + output + ".node", **attributes))

    add("Slice", ["attention_mask", "zero", "size", "axis"], "attention_mask")
    add("ReduceSum", ["attention_mask", "axis"], "lengths", keepdims=1)
    add("Greater", ["lengths", "size"], "is_longer")
    add("Slice", ["input_ids", "zero", "last", "axis"], "first_ids")
    add("Slice", ["input_ids", "last", "size", "axis"], "last_id")  # [n, 0] where all rows are short
    add("Where", ["is_longer", "end_token", "last_id"], "end_id")
    add("Concat", ["first_ids", "end_id"], "input_ids", axis=1)
    for index, added in enumerate(nodes):
        graph.node.insert(index, added)
    for table in graph.initializer:
        if table.name == POSITIONS:  # those behind the window are never read
            table.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(table)[:max_tokens], POSITIONS))


def calibrate(graph: onnx.GraphProto, calibration: dict, ngrams: np.ndarray | None) -> None:
    """The graph's `logits` [n, 3] become log-probabilities but for a constant of each row."""
    weight, bias = matrix(calibration)
    rename(graph, "logits", RAW)
    both = RAW
    if ngrams is None:
        weight = weight[:3]
    else:
        graph.node.append(node("Concat", [RAW, add_sums(graph, ngrams, calibration)], "both", axis=1))
        both = CALIBRATION + "both"
    constants = {"weight": weight.astype(np.float32), "bias": bias.astype(np.float32)}
    graph.initializer.extend(numpy_helper.from_array(value, CALIBRATION + name) for name, value in constants.items())
    out = "logits" if ngrams is None else MIXED
    graph.node.append(
        helper.make_node("Gemm", [both, CALIBRATION + "weight", CALIBRATION + "bias"], [out], CALIBRATION + "node")
    )
    if ngrams is not None:
        graph.node.append(node("Where", ["settled", "own_logits", MIXED], "logits"))
        graph.output.append(helper.make_tensor_value_info(MIXED, TensorProto.FLOAT, ["batch", 3]))


def finished(
    model: onnx.ModelProto, calibration: dict, max_tokens: int, end_token: int, ngrams: np.ndarray | None = None
) -> onnx.ModelProto:
    """`model`, cut and calibrated. calibration: as training.evaluate.calibrate writes it, with the same `ngrams`."""
    out = encoder_of(model)
    cut(out.graph, max_tokens, end_token)
    calibrate(out.graph, calibration, ngrams)
    onnx.checker.check_model(out)
    return out


def finish(
    model: Annotated[Path, typer.Option(help="int8 ONNX file, finished before or not")],
    tokenizer: Annotated[Path, typer.Option(help="folder with tokenizer.json: the checkpoint or an artifact")],
    calibration: Annotated[Path, typer.Option(help="JSON of training.evaluate.calibrate")],
    out: Annotated[Path, typer.Option(help="ONNX file to write")],
    ngrams: Annotated[Path | None, typer.Option(help="npz of training.train.ngrams, if the calibration had it")] = None,
) -> None:
    """Write OUT: MODEL with window and calibration, and the first stage where there are n-grams."""
    end_token = load_tokenizer(str(tokenizer)).encode("").ids[-1]
    weights = np.load(ngrams)["weights"] if ngrams else None
    ready = finished(onnx.load(model), json.loads(calibration.read_text()), MAX_TOKENS, end_token, weights)
    out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(ready, out)
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    typer.run(finish)
