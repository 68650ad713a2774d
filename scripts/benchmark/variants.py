"""Other ways to write or to run the same graph, each against the shipped model, by turns, one thread, best CPU time.

    python -m scripts.benchmark.variants                     # prints what each has before and after
    python -m scripts.benchmark.variants --only "QGemm"      # those whose name holds this text
    python -m scripts.benchmark.variants --update            # writes the figures into docs/speed_experiments.csv

Some keep what the model computes, some only its speed: their weights mean nothing, and the row says what the change
could give at most.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import onnx
import onnxruntime as ort
import typer
from onnx import NodeProto, TensorProto, helper, numpy_helper

from lambda_fn.model.classifier import session_options
from lambda_fn.settings import get_settings
from scripts.benchmark.operators import feed
from scripts.speed_table import put

MICROSOFT = "com.microsoft"
PRODUCT = "MatMulIntegerToFloat"
LAYER = "transformer.layer."
CPU = "Zen 4"  # as docs/SPEED.md names the machine that all of them were measured on


class Graph:
    """A model's nodes and constants, to be changed and put together again."""

    def __init__(self, model: onnx.ModelProto):
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        self.nodes = list(self.model.graph.node)
        self.constants = {c.name: c for c in self.model.graph.initializer}

    def array(self, name: str) -> np.ndarray:
        return numpy_helper.to_array(self.constants[name])

    def constant(self, name: str, value) -> str:
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def kind(self, *kinds: str) -> list[NodeProto]:
        return [node for node in self.nodes if node.op_type in kinds]

    def rename(self, old: str, new: str) -> None:
        """Every reader of `old` reads `new`."""
        for node in self.nodes:
            for i, name in enumerate(node.input):
                if name == old:
                    node.input[i] = new

    def bypass(self, nodes: list[NodeProto]) -> None:
        """Leave `nodes` out: what read their output reads their first input."""
        for node in nodes:
            self.nodes.remove(node)
            self.rename(node.output[0], node.input[0])

    def replace(self, node: NodeProto, *new: NodeProto) -> None:
        at = self.nodes.index(node)
        self.nodes[at : at + 1] = new

    def done(self) -> onnx.ModelProto:
        """The model, without nodes and constants that nothing reads."""
        wanted, kept = {output.name for output in self.model.graph.output}, []
        for node in reversed(self.nodes):
            if wanted & set(node.output):
                kept.append(node)
                wanted |= set(node.input)
        del self.model.graph.node[:], self.model.graph.initializer[:]
        self.model.graph.node.extend(reversed(kept))
        self.model.graph.initializer.extend(c for name, c in self.constants.items() if name in wanted)
        return self.model


def without(kind: str) -> Callable[[Graph], None]:
    """Leaves out the layers' nodes of this kind."""
    return lambda graph: graph.bypass([node for node in graph.kind(kind) if node.output[0].startswith(LAYER)])


def no_outliers(graph: Graph) -> None:
    graph.bypass([node for node in graph.kind("Add") if node.output[0].endswith("ffn.joined")])


def no_lengths(graph: Graph) -> None:
    for node in graph.kind("Attention"):
        del node.input[3:]


def multi_head_attention(graph: Graph) -> None:
    """ONNX Runtime's older operator, which takes the lengths as int32."""
    reduce = next(node for node in graph.kind("ReduceSum") if node.output[0] == "lengths")
    graph.nodes.insert(
        graph.nodes.index(reduce) + 1, helper.make_node("Cast", ["lengths"], ["lengths.int32"], to=TensorProto.INT32)
    )
    for node in graph.kind("Attention"):
        inputs = [*node.input[:3], "", "lengths.int32"]
        heads = next(a.i for a in node.attribute if a.name == "q_num_heads")
        new = helper.make_node("MultiHeadAttention", inputs, list(node.output), domain=MICROSOFT, num_heads=heads)
        graph.replace(node, new)


def dequantized_words(graph: Graph) -> None:
    """The embeddings widened by DequantizeLinear along the last axis."""
    cast, mul = (next(n for n in graph.nodes if n.output[0] == name) for name in ("words.float", "words.out"))
    zero = graph.constant("words.zero", np.zeros_like(graph.array("words.step"), dtype=np.int8))
    inputs = [cast.input[0], "words.step", zero]
    graph.replace(mul, helper.make_node("DequantizeLinear", inputs, ["words.out"], axis=2))


def sliced_outliers(graph: Graph) -> None:
    """The hidden features in an order that has the outliers first, where a Slice finds them."""
    for node in [node for node in graph.kind("Gather") if node.output[0].endswith("picked")]:
        name = node.output[0].removesuffix(".lin2.picked")
        few = graph.array(node.input[1])
        order = np.r_[few, np.setdiff1d(np.arange(len(graph.array(f"{name}.lin1.bias"))), few)]
        for part in ("weight", "step", "bias"):
            graph.constant(f"{name}.lin1.{part}", graph.array(f"{name}.lin1.{part}")[..., order])
        graph.constant(f"{name}.lin2.weight", graph.array(f"{name}.lin2.weight")[order])
        bounds = [graph.constant(f"slice.{value}", np.array([value])) for value in (0, len(few), 2)]
        graph.replace(node, helper.make_node("Slice", [node.input[0], *bounds], [node.output[0]]))


def one_weight_scale(graph: Graph) -> None:
    for node in graph.kind(PRODUCT):
        for i in (3, 5):
            graph.constant(node.input[i], graph.array(node.input[i])[:1])


def joined(*parts: str) -> Callable[[Graph], None]:
    """One product for several projections, and a Split."""

    def change(graph: Graph) -> None:
        by_output = {node.output[0]: node for node in graph.kind(PRODUCT)}
        for index in range(6):
            name = f"{LAYER}{index}.attention"
            nodes = [by_output[f"{name}.{part}_lin.out"] for part in parts]
            if len({node.input[0] for node in nodes}) > 1:  # the last layer's queries read the first token only
                continue
            inputs = list(nodes[0].input)
            for i in (1, 3, 5, 6):
                inputs[i] = graph.constant(
                    f"{name}.joined.{i}", np.concatenate([graph.array(node.input[i]) for node in nodes], axis=-1)
                )
            product = helper.make_node(PRODUCT, inputs, [f"{name}.joined"], domain=MICROSOFT)
            outputs = [node.output[0] for node in nodes]
            split = helper.make_node("Split", [f"{name}.joined"], outputs, axis=2, num_outputs=len(parts))
            graph.replace(nodes[0], product, split)
            for node in nodes[1:]:
                graph.nodes.remove(node)

    return change


def _flat(graph: Graph, x: str, width: int) -> NodeProto:
    """[n, t, width] as [n t, width]."""
    shape = graph.constant(f"flat.{width}", np.array([-1, width]))
    return helper.make_node("Reshape", [x, shape], [f"{x}.flat.{width}"])


def _unflat(graph: Graph, x: str, output: str, width: int, last: bool) -> NodeProto:
    """[n t, width] as [n, t, width]; `last`: where each row is its first token."""
    if last:
        return helper.make_node("Reshape", [x, graph.constant(f"row.{width}", np.array([-1, 1, width]))], [output])
    if f"shape.{width}" not in {node.output[0] for node in graph.nodes}:
        size = helper.make_node("Shape", ["input_ids"], [f"size.{width}"], start=0, end=2)
        graph.constant(f"width.{width}", np.array([width]))
        shape = helper.make_node("Concat", [f"size.{width}", f"width.{width}"], [f"shape.{width}"], axis=0)
        graph.nodes[:0] = [size, shape]
    return helper.make_node("Reshape", [x, f"shape.{width}"], [output])


def _is_first_token(node: NodeProto) -> bool:
    name = node.output[0]
    return name.startswith(f"{LAYER}5.") and not name.endswith(("k_lin.out", "v_lin.out"))


def _qgemm(graph: Graph, node: NodeProto, quantized_output: tuple[str, str] | None = None) -> list[NodeProto]:
    a, b, a_step, b_step, a_zero, b_zero, bias = node.input
    inputs, outputs = graph.array(b).shape
    steps = graph.array(a_step).reshape(()) * graph.array(b_step)
    bias = graph.constant(f"{bias}.int32", np.rint(graph.array(bias) / steps).astype(np.int32))
    scalars = [graph.constant(f"{name}.scalar", graph.array(name).reshape(())) for name in (a_step, a_zero)]
    out = node.output[0]
    flat = _flat(graph, a, inputs)
    gemm_inputs = [flat.output[0], *scalars, b, b_step, b_zero, bias, *(quantized_output or ())]
    gemm = helper.make_node("QGemm", gemm_inputs, [f"{out}.flat"], domain=MICROSOFT)
    return [flat, gemm, _unflat(graph, f"{out}.flat", out, outputs, _is_first_token(node))]


def qgemm(graph: Graph) -> None:
    flattened = set()
    for node in graph.kind(PRODUCT):
        flat, *others = _qgemm(graph, node)
        new = others if flat.output[0] in flattened else [flat, *others]
        flattened.add(flat.output[0])
        graph.replace(node, *new)


def lookup(graph: Graph) -> None:
    """lin1 gives u8, and a table of 256 bytes (QLinearSigmoid's) stands for GELU and the quantization behind it."""
    no_outliers(graph)
    for node in graph.kind(PRODUCT):
        if node.output[0].endswith("ffn.lin1.out"):
            step = graph.constant("table.step", np.float32(0.05))
            zero = graph.constant("table.zero", np.uint8(128))
            graph.replace(node, *_qgemm(graph, node, (step, zero)))
    for node in graph.kind("Gelu"):
        graph.nodes = [n for n in graph.nodes if n.op_type != "QuantizeLinear" or n.input[0] != node.output[0]]
        quantized = node.output[0].replace("ffn.gelu", "ffn.hidden.quantized")
        out_step, out_zero = (f"{quantized.removesuffix('.quantized')}.{part}" for part in ("step", "zero"))
        inputs = [node.input[0], "table.step", "table.zero", out_step, out_zero]
        graph.replace(node, helper.make_node("QLinearSigmoid", inputs, [quantized], domain=MICROSOFT))


def dynamic(graph: Graph) -> None:
    """DynamicQuantizeMatMul: one scale for the whole batch, found at run time."""
    sources = {node.output[0]: node for node in graph.kind("QuantizeLinear")}
    for node in graph.kind("Slice"):  # of what is quantized
        if node.input[0] in sources:
            sources[node.output[0]] = node
            node.input[0] = sources[node.input[0]].input[0]
    for node in graph.kind(PRODUCT):
        a, b, _, b_step, _, b_zero, bias = node.input
        source = sources[a]
        x = source.output[0] if source.op_type == "Slice" else source.input[0]
        inputs = [x, b, b_step, b_zero, bias]
        graph.replace(node, helper.make_node("DynamicQuantizeMatMul", inputs, [node.output[0]], domain=MICROSOFT))


def n_bits(bits: int, block: int) -> Callable[[Graph], None]:
    """MatMulNBits: weights in blocks, activations quantized per row and block at run time (accuracy_level 4)."""

    def change(graph: Graph) -> None:
        no_outliers(graph)
        without("Mul")(graph)
        for node in graph.kind("QuantizeLinear"):
            graph.bypass([node])
        half = 2 ** (bits - 1)
        for node in graph.kind(PRODUCT):
            x, b, _, b_step, _, _, bias = node.input
            weight = (graph.array(b) * graph.array(b_step)).T
            outputs, inputs = weight.shape
            blocks = weight.reshape(outputs, inputs // block, block)
            step = np.maximum(np.abs(blocks).max(axis=2), 1e-8) / (half - 1)
            values = np.clip(np.rint(blocks / step[..., None]) + half, 0, 2 * half - 1).astype(np.uint8)
            if bits == 4:
                values = values[..., ::2] | values[..., 1::2] << 4
            packed = graph.constant(f"{b}.packed", values)
            scales = graph.constant(f"{b}.scales", step.astype(np.float32).ravel())
            attributes = {"K": inputs, "N": outputs, "bits": bits, "block_size": block, "accuracy_level": 4}
            new_inputs = [x, packed, scales, "", "", bias]
            graph.replace(
                node, helper.make_node("MatMulNBits", new_inputs, [node.output[0]], domain=MICROSOFT, **attributes)
            )

    return change


def layers(count: int) -> Callable[[Graph], None]:
    """Leaves out the layers from the second on, until `count` are left."""

    def change(graph: Graph) -> None:
        last_left_out = 6 - count
        graph.rename(f"{LAYER}{last_left_out}.output_layer_norm.out", f"{LAYER}0.output_layer_norm.out")

    return change


def keep(graph: Graph) -> None:
    """The graph as it is."""


@dataclass(frozen=True)
class Variant:
    """One try. options: changes ONNX Runtime's. former: it shipped once, its row starts so."""

    change: Callable[[Graph], None] = keep
    options: Callable[[ort.SessionOptions], object] = lambda options: None
    former: bool = False


def entry(key: str, value: str) -> Callable[[ort.SessionOptions], object]:
    return lambda options: options.add_session_config_entry(key, value)


def attribute(name: str, value: object) -> Callable[[ort.SessionOptions], object]:
    return lambda options: setattr(options, name, value)


LEVELS = ort.GraphOptimizationLevel
VARIANTS = {
    "MultiHeadAttention -> Attention": Variant(multi_head_attention, former=True),
    "Attention without lengths (speed only)": Variant(no_lengths),
    "embeddings: DequantizeLinear -> Cast and Mul": Variant(dequantized_words, former=True),
    "outliers: Gather -> Slice, the features put in order": Variant(sliced_outliers),
    "no outlier features in fp32 (speed only)": Variant(no_outliers),
    "no smoothing (speed only)": Variant(without("Mul")),
    "MatMulIntegerToFloat -> QGemm": Variant(qgemm),
    "MatMulIntegerToFloat -> QGemm to u8, GELU by a table of 256 bytes, no outliers (speed only)": Variant(lookup),
    "MatMulIntegerToFloat -> DynamicQuantizeMatMul": Variant(dynamic),
    "MatMulIntegerToFloat -> MatMulNBits, 8 bit, blocks of 32": Variant(n_bits(8, 32)),
    "MatMulIntegerToFloat -> MatMulNBits, 8 bit, blocks of 128": Variant(n_bits(8, 128)),
    "MatMulIntegerToFloat -> MatMulNBits, 4 bit, blocks of 32": Variant(n_bits(4, 32)),
    "MatMulIntegerToFloat -> MatMulNBits, 4 bit, blocks of 128": Variant(n_bits(4, 128)),
    "one scale per weight matrix instead of per column (speed only)": Variant(one_weight_scale),
    "one product for queries, keys and values, and a Split": Variant(joined("q", "k", "v")),
    "one product for keys and values, and a Split": Variant(joined("k", "v")),
    "GELU left out (its cost)": Variant(without("Gelu")),
    "LayerNormalization left out (its cost)": Variant(without("LayerNormalization")),
    "6 -> 5 layers (speed only)": Variant(layers(5)),
    "6 -> 4 layers (speed only)": Variant(layers(4)),
    "6 -> 3 layers (speed only)": Variant(layers(3)),
    "optimization level basic -> disabled": Variant(
        options=attribute("graph_optimization_level", LEVELS.ORT_DISABLE_ALL)
    ),
    "optimization level basic -> extended": Variant(
        options=attribute("graph_optimization_level", LEVELS.ORT_ENABLE_EXTENDED)
    ),
    "optimization level basic -> all": Variant(options=attribute("graph_optimization_level", LEVELS.ORT_ENABLE_ALL)),
    "memory pattern off": Variant(options=attribute("enable_mem_pattern", False)),
    "memory arena off": Variant(options=attribute("enable_cpu_mem_arena", False)),
    "weights not prepacked": Variant(options=entry("session.disable_prepacking", "1")),
    "denormals as zero": Variant(options=entry("session.set_denormal_as_zero", "1")),
}


def session(model: onnx.ModelProto, variant: Variant) -> ort.InferenceSession:
    graph = Graph(model)
    variant.change(graph)
    options = session_options(1)
    variant.options(options)
    return ort.InferenceSession(graph.done().SerializeToString(), options, ["CPUExecutionProvider"])


def best_seconds(runs: list[Callable[[], object]], rounds: int) -> list[float]:
    """Best CPU seconds of each, measured by turns."""
    best = [np.inf] * len(runs)
    for _ in range(rounds):
        for i, run in enumerate(runs):
            run()
            for _ in range(3):
                started = time.process_time()
                run()
                best[i] = min(best[i], time.process_time() - started)
    return best


def variants(
    only: Annotated[str, typer.Option(help="part of a variant's name")] = "",
    rows: Annotated[int, typer.Option(help="comments in the batch")] = 16,
    tokens: Annotated[int, typer.Option(help="tokens of each")] = 32,
    rounds: Annotated[int, typer.Option(help="each variant runs three times a round")] = 25,
    update: Annotated[bool, typer.Option("--update", help="write the figures into docs/speed_experiments.csv")] = False,
) -> None:
    model = onnx.load(get_settings().model_dir / "onnx" / "model_quantized.onnx")
    batch = feed(rows, tokens)
    tried = {name: variant for name, variant in VARIANTS.items() if only in name}
    runs = []
    for variant in (Variant(), *tried.values()):
        opened = session(model, variant)
        runs.append(lambda opened=opened: opened.run(None, batch))
    shipped, *others = (rows * tokens / seconds for seconds in best_seconds(runs, rounds))
    measured = []
    for (name, variant), rate in zip(tried.items(), others, strict=True):
        before, after = (rate, shipped) if variant.former else (shipped, rate)
        typer.echo(f"{before:6.0f} -> {after:6.0f} tokens/s {100 * (after / before - 1):+5.1f} %  {name}")
        row = {"part": "graph", "what": f"{name} ({rows} x {tokens})", "unit": "tokens/s", "CPU": CPU}
        measured.append(row | {"before": f"{before:.0f}", "after": f"{after:.0f}"})
    if update:
        put(measured)


variants.__doc__ = __doc__

if __name__ == "__main__":
    typer.run(variants)
