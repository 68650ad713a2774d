"""What the encoder knows of each token halfway up: the hidden states of one layer, from the artifact's own graph.

The graph gives logits only. A protocol buffer to which another is appended is the two merged
(https://protobuf.dev/programming-guides/encoding/#last-one-wins), so a few bytes that name one more output are all it
takes to read an inner layer too; no ONNX library is needed, and the artifact stays as it is.
"""

# The fourth of six layers: of all of them it tells best what a comment thinks of a coin (training.train.coin_moods).
LAYER = "transformer.layer.3.output_layer_norm.out"
WIDTH = 384

# Field numbers of onnx.proto3: ModelProto.graph, GraphProto.output, ValueInfoProto.name.
_GRAPH, _OUTPUT, _NAME = 7, 12, 1


def further_output(name: str) -> bytes:
    """What makes the inner tensor `name` an output of the ONNX model that it is appended to."""
    return _field(_GRAPH, _field(_OUTPUT, _field(_NAME, name.encode())))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field; contents of at most 127 bytes."""
    if len(content) > 127:
        raise ValueError(f"a field of {len(content)} bytes needs a longer length")
    return bytes([number << 3 | 2, len(content)]) + content
