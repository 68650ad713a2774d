"""The first stage (lambda_fn/model/ngrams.py) as nodes of the graph, so that whoever runs the graph alone gets from a
plain softmax what the service answers: a settled comment the n-grams' logits, any other one both stages' together.

The sums are int32, what follows float64 and one correctly rounded operation a node: the same comments are settled as in
numpy, to the bit. The table has one more row, of zeros, for what stands at padding.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from lambda_fn.model import ngrams

CALIBRATION = "calibration."  # how the names of the added nodes and constants begin
MIXED = "mixed_logits"  # of both stages, also for what the first one settles
INPUTS = ("input_ids", "attention_mask")
WINDOW = "window."


def named(name: str) -> str:
    """The tensor's name in the graph: the cut inputs', those that other rooms read, or one of ours."""
    if name in INPUTS:
        return WINDOW + name
    return name if name in (MIXED, "logits", "encoder_logits") else CALIBRATION + name


def node(op: str, inputs: list[str], output: str, **attributes) -> onnx.NodeProto:
    return helper.make_node(op, list(map(named, inputs)), [named(output)], f"{CALIBRATION}{output}.node", **attributes)


def add_sums(graph: onnx.GraphProto, table: np.ndarray, calibration: dict) -> str:
    """Append the nodes; returns what `node` calls (margin, neutral), float [n, 2], unscaled. table: int8 [slots, 2].

    `settled`, bool [n, 1], and `own_logits`, float [n, 3], are named as `node` names them.
    """
    rule = calibration["ngrams"]["rule"]
    integers = {
        "zero": [0], "one": [1], "minus_one": [-1], "two": [2], "far": [2**31],
        "slots": len(table), "unigram": ngrams.UNIGRAM, "unigram_shift": ngrams.UNIGRAM_SHIFT,
        "first": ngrams.FIRST, "second": ngrams.SECOND, "pair_shift": ngrams.PAIR_SHIFT,
    }  # fmt: skip
    doubles = {
        "scales": [rule["margin_scale"], rule["neutral_scale"]],
        "shifts": [0.0, rule["neutral_bias"]],
        "min_margin": rule["min_margin"],
        "min_lead": rule["min_lead"],
        "half": 0.5,
        "halves": [[-0.5, 0.0, 0.5], [0.0, 1.0, 0.0]],
    }
    values = {name: np.array(value, np.int64) for name, value in integers.items()}
    values |= {name: np.array(value, np.float64) for name, value in doubles.items()}
    values["table"] = np.concatenate([table, np.zeros((1, 2), np.int8)])
    graph.initializer.extend(numpy_helper.from_array(value, CALIBRATION + name) for name, value in values.items())

    def add(op: str, inputs: list[str], output: str, **attributes) -> str:
        graph.node.append(node(op, inputs, output, **attributes))
        return output

    def hashed(parts: list[str], mask: str, name: str) -> str:
        """`parts`, products of ids, added up and taken modulo the slots; the zero row where the mask is 0."""
        whole = parts[0]
        for index, part in enumerate(parts[1:]):
            whole = add("Add", [whole, part], f"{name}.sum{index}")
        add("Mod", [whole, "slots"], f"{name}.hash")
        add("Cast", [mask], f"{name}.mask", to=TensorProto.BOOL)
        return add("Where", [f"{name}.mask", f"{name}.hash", "slots"], name)

    add("Mul", ["input_ids", "unigram"], "unigram.product")
    unigrams = hashed(["unigram.product", "unigram_shift"], "attention_mask", "unigrams")
    add("Slice", ["input_ids", "zero", "minus_one", "one"], "ids.first")
    add("Slice", ["input_ids", "one", "far", "one"], "ids.second")
    add("Slice", ["attention_mask", "one", "far", "one"], "pairs.attention")
    add("Mul", ["ids.first", "first"], "first.product")
    add("Mul", ["ids.second", "second"], "second.product")
    pairs = hashed(["first.product", "second.product", "pair_shift"], "pairs.attention", "pairs")
    add("Concat", [unigrams, pairs], "features", axis=1)
    add("Gather", ["table", "features"], "rows", axis=0)
    add("Cast", ["rows"], "rows.int32", to=TensorProto.INT32)
    add("ReduceSum", ["rows.int32", "one"], "sums", keepdims=0)
    add("Cast", ["sums"], "sums.double", to=TensorProto.DOUBLE)
    add("ReduceSum", ["attention_mask", "one"], "lengths", keepdims=1)
    add("Mul", ["lengths", "two"], "lengths.twice")
    add("Sub", ["lengths.twice", "one"], "count")
    add("Cast", ["count"], "count.double", to=TensorProto.DOUBLE)
    add("Sqrt", ["count.double"], "root")
    # As numpy does it: times the scale, divided by the root, plus the shift.
    add("Mul", ["sums.double", "scales"], "scaled")
    add("Div", ["scaled", "root"], "divided")
    add("Add", ["divided", "shifts"], "own")
    for place, name in (("zero", "own.margin"), ("one", "own.neutral")):
        add("Gather", ["own", place], name, axis=1)
    add("Abs", ["own.margin"], "own.side")
    add("Mul", ["own.side", "half"], "own.half")
    add("Sub", ["own.half", "own.neutral"], "own.difference")
    add("Abs", ["own.difference"], "own.lead")
    add("GreaterOrEqual", ["own.side", "min_margin"], "is_sided")
    add("GreaterOrEqual", ["own.lead", "min_lead"], "is_clear")
    add("And", ["is_sided", "is_clear"], "settled")
    add("MatMul", ["own", "halves"], "own.logits")
    add("Cast", ["own.logits"], "own_logits", to=TensorProto.FLOAT)
    add("Div", ["sums.double", "root"], "unscaled")
    return add("Cast", ["unscaled"], "unscaled.float", to=TensorProto.FLOAT)
