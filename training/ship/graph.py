"""A DistilBERT classifier written as an ONNX graph of ONNX Runtime's own fused operators, in fp32 or in int8.

Written from the checkpoint's weights, not exported and then rewritten, because what makes the graph fast is which
operators it is made of (docs/SPEED.md has the number of each choice):
- every large product is one MatMulIntegerToFloat: u8 activations, s8 weights, scales and bias applied while the sums
  are still in registers. The scales are constants, so a comment's score does not depend on its batch;
- Add and LayerNormalization stay two nodes: ONNX Runtime's fused SkipLayerNormalization is ten times slower on a CPU;
- the last layer computes its queries, its output and its feed-forward for the first token alone: the classifier
  reads no other;
- attention is ONNX's own Attention, which takes the lengths and needs no mask tensor, and reads the heads where the
  products wrote them: ONNX Runtime's older MultiHeadAttention copies queries, keys and values to transpose them.
Nothing in the graph depends on the CPU it was written on.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

OPSET = 24  # the first whose Attention takes lengths
IR_VERSION = 12
MICROSOFT = "com.microsoft"
EPSILON = 1e-12  # of DistilBERT's LayerNorm
EMBEDDING_LIMIT = 127


@dataclass(frozen=True)
class Activation:
    """How one activation is quantized: u8 = rint(x / smooth / step) + zero.

    smooth: one factor per feature, which the weights that read the activation are multiplied by; or None.
    """

    step: np.float32
    zero: np.uint8
    smooth: np.ndarray | None = None


@dataclass(frozen=True)
class Weight:
    """An int8 matrix [in, out] with one step per output, already multiplied by its activation's `smooth`.

    outliers: input features whose int8 rows are zero, because their fp32 rows, `outlier_rows`, stand beside.
    """

    values: np.ndarray
    step: np.ndarray
    bias: np.ndarray
    outliers: np.ndarray | None = None
    outlier_rows: np.ndarray | None = None


class Encoder:
    """Writes a DistilBertForSequenceClassification as ONNX nodes.

    With `activations` and `weights` in int8; without, in fp32, and `model()` then also outputs every tensor that would
    be quantized (`ranges`: the activation's name to the tensor's) and `readers` says which products read it.
    Raises ValueError for a checkpoint of another architecture.
    """

    def __init__(
        self,
        checkpoint: Path,
        activations: dict[str, Activation] | None = None,
        weights: dict[str, Weight] | None = None,
    ):
        config = json.loads((checkpoint / "config.json").read_text())
        if config["model_type"] != "distilbert" or config["activation"] != "gelu":
            raise ValueError(f"{checkpoint}: expected a DistilBERT with gelu, found {config['model_type']}")
        self.layers, self.heads, self.width = config["n_layers"], config["n_heads"], config["dim"]
        tensors = load_file(checkpoint / "model.safetensors")
        self.weights = {name.removeprefix("distilbert."): tensor for name, tensor in tensors.items()}
        self.activations, self.products = activations, weights
        self.ranges: dict[str, str] = {}
        self.readers: dict[str, list[str]] = {}
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def node(self, op: str, inputs: list[str], output: str, domain: str = "", **attributes) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], output, domain=domain, **attributes))
        return output

    def linear_weights(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """[in, out] and [out]."""
        return self.weights[f"{name}.weight"].T, self.weights[f"{name}.bias"]

    def quantized(self, x: str, name: str) -> str:
        """`x` as u8, in the way that `activations` has for `name`."""
        if self.activations is None:
            self.ranges[name] = x
            return x
        how = self.activations[name]
        if how.smooth is not None and not name.endswith(".context"):  # context: the value projection's weights carry it
            x = self.node("Mul", [x, self.constant(f"{name}.smooth", 1 / how.smooth)], f"{name}.smoothed")
        inputs = [x, self.constant(f"{name}.step", how.step), self.constant(f"{name}.zero", how.zero)]
        return self.node("QuantizeLinear", inputs, f"{name}.quantized")

    def linear(self, x: str, activation: str, name: str) -> str:
        """x W + b, fp32 out. `x` has passed `quantized` as `activation`."""
        if self.products is None:
            self.readers.setdefault(activation, []).append(name)
            weight, bias = self.linear_weights(name)
            product = self.node("MatMul", [x, self.constant(f"{name}.weight", weight)], f"{name}.product")
            return self.node("Add", [product, self.constant(f"{name}.bias", bias)], f"{name}.out")
        weight = self.products[name]
        inputs = [
            x,
            self.constant(f"{name}.weight", weight.values),
            f"{activation}.step",
            self.constant(f"{name}.step", weight.step),
            f"{activation}.zero",
            self.constant(f"{name}.zero", np.zeros(len(weight.step), dtype=np.int8)),
            self.constant(f"{name}.bias", weight.bias),
        ]
        return self.node("MatMulIntegerToFloat", inputs, f"{name}.out", MICROSOFT)

    def outliers(self, x: str, name: str) -> str | None:
        """What the few features of `x` that are kept in fp32 add to the product `name`; None where there are none."""
        weight = self.products and self.products[name]
        if not weight or weight.outliers is None:
            return None
        picked = [x, self.constant(f"{name}.outliers", weight.outliers)]
        picked = self.node("Gather", picked, f"{name}.picked", axis=2)
        return self.node("MatMul", [picked, self.constant(f"{name}.outlier_rows", weight.outlier_rows)], f"{name}.few")

    def layer_norm(self, x: str, name: str) -> str:
        inputs = [x] + [self.constant(f"{name}.{p}", self.weights[f"{name}.{p}"]) for p in ("weight", "bias")]
        return self.node("LayerNormalization", inputs, f"{name}.out", axis=-1, epsilon=EPSILON)

    def first_token(self, x: str) -> str:
        """[n, t, width] -> [n, 1, width]."""
        zero, one = self.constant("at_0", np.array([0])), self.constant("at_1", np.array([1]))
        return self.node("Slice", [x, zero, one, one], f"{x}.first")

    def embeddings(self) -> str:
        """Word plus position, normalised. Words in int8, one scale per feature; only what was looked up is widened, by
        Cast and Mul, because DequantizeLinear along the last axis goes number by number."""
        words = self.weights["embeddings.word_embeddings.weight"]
        if self.activations is None:
            x = self.node("Gather", [self.constant("words", words), "input_ids"], "words.out")
        else:
            step = (np.abs(words).max(axis=0) / EMBEDDING_LIMIT).astype(np.float32)
            rows = self.constant("words", np.rint(words / step).astype(np.int8))
            rows = self.node("Gather", [rows, "input_ids"], "words.rows")
            rows = self.node("Cast", [rows], "words.float", to=TensorProto.FLOAT)
            x = self.node("Mul", [rows, self.constant("words.step", step)], "words.out")
        tokens = self.node("Shape", ["input_ids"], "tokens", start=1, end=2)
        zero = self.constant("at_0", np.array([0]))
        positions = self.constant("positions", self.weights["embeddings.position_embeddings.weight"])
        positions = self.node("Slice", [positions, zero, tokens, zero], "positions.out")
        return self.layer_norm(self.node("Add", [x, positions], "embeddings.sum"), "embeddings.LayerNorm")

    def mask(self) -> None:
        """`lengths` (int64 [n]): the tokens of each row, padding at the right."""
        self.node("ReduceSum", ["attention_mask", self.constant("at_1", np.array([1]))], "lengths", keepdims=0)

    def attention(self, queries: str, keys: str, values: str, name: str) -> str:
        """One kernel for padded and unpadded batches: another for the unpadded would round otherwise, and a comment's
        score would then differ by up to 0.008 between alone and in a batch; so it is the same to the bit."""
        inputs = [queries, keys, values, "", "", "", "lengths"]
        return self.node("Attention", inputs, f"{name}.out", q_num_heads=self.heads, kv_num_heads=self.heads)

    def layer(self, x: str, index: int, last: bool) -> str:
        name = f"transformer.layer.{index}"
        inputs = self.quantized(x, f"{name}.input")
        if last:
            query_inputs = self.first_token(inputs)
            x = self.first_token(x) if self.activations else query_inputs
        else:
            query_inputs = inputs
        queries = self.linear(query_inputs, f"{name}.input", f"{name}.attention.q_lin")
        keys, values = (self.linear(inputs, f"{name}.input", f"{name}.attention.{p}_lin") for p in "kv")
        context = self.quantized(self.attention(queries, keys, values, f"{name}.attention"), f"{name}.context")
        context = self.linear(context, f"{name}.context", f"{name}.attention.out_lin")
        x = self.layer_norm(self.node("Add", [context, x], f"{name}.attention.sum"), f"{name}.sa_layer_norm")
        hidden = self.linear(self.quantized(x, f"{name}.ffn.input"), f"{name}.ffn.input", f"{name}.ffn.lin1")
        hidden = self.node("Gelu", [hidden], f"{name}.ffn.gelu", MICROSOFT)
        few = self.outliers(hidden, f"{name}.ffn.lin2")
        hidden = self.linear(self.quantized(hidden, f"{name}.ffn.hidden"), f"{name}.ffn.hidden", f"{name}.ffn.lin2")
        hidden = self.node("Add", [hidden, few], f"{name}.ffn.joined") if few else hidden
        return self.layer_norm(self.node("Add", [hidden, x], f"{name}.ffn.sum"), f"{name}.output_layer_norm")

    def head(self, x: str) -> None:
        x = self.node("Squeeze", [x, self.constant("at_1", np.array([1]))], "pooled")
        for name, out in (("pre_classifier", "pre_classifier.out"), ("classifier", "logits")):
            weight, bias = self.linear_weights(name)
            x = self.node(
                "Gemm", [x, self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)], out
            )
            if name == "pre_classifier":
                x = self.node("Relu", [x], "pre_classifier.relu")

    def model(self) -> onnx.ModelProto:
        """input_ids, attention_mask (int64 [batch, tokens], padded at the right) to logits (float [batch, 3])."""
        x = self.embeddings()
        self.mask()
        for index in range(self.layers):
            x = self.layer(x, index, last=index == self.layers - 1)
        self.head(x)
        inputs = [
            helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "tokens"])
            for n in ("input_ids", "attention_mask")
        ]
        classes = len(self.weights["classifier.bias"])
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", classes])]
        outputs += [helper.make_tensor_value_info(x, TensorProto.FLOAT, None) for x in self.ranges.values()]
        graph = helper.make_graph(self.nodes, "distilbert", inputs, outputs, list(self.constants.values()))
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="crypto-sentiment")
