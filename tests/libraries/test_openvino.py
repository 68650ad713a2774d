"""OpenVINO, a peer in the benchmark: which precision it takes. Runs with `make bench`."""

import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("CI", "true")  # its import leaves an id for Google Analytics under HOME otherwise
openvino = pytest.importorskip("openvino", reason="openvino is in the benchmark's environment only (make bench)")


def compiled(**options):
    """y = x times the identity, compiled for the CPU."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    weight = onnx.numpy_helper.from_array(np.eye(8, dtype=np.float32), "w")
    shape = ["rows", 8]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
        "identity",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape)],
        [weight],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()
    return openvino.Core().compile_model(openvino.Core().read_model(model), "CPU", options)


@pytest.mark.library(
    "openvino 2026.4.1",
    guess="fp32, as the model is",
    seen="on a CPU that has bfloat16 (avx512_bf16 or AMX) it computes in it by default: 1 + 1/512 comes back as 1; "
    "elsewhere, or with INFERENCE_PRECISION_HINT=f32, in fp32",
    so="the benchmark asks each compiled model for its precision and prints it beside the speed",
)
def test_the_precision_is_bfloat16_by_default_where_the_cpu_has_it():
    x = np.full((4, 8), 1 + 1 / 512, np.float32)
    flags = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").exists() else []
    default, told = compiled(), compiled(INFERENCE_PRECISION_HINT="f32")
    expected = "bf16" if "avx512_bf16" in flags or "amx_bf16" in flags else "f32"
    assert default.get_property("INFERENCE_PRECISION_HINT").get_type_name() == expected
    assert default({"x": x})[0][0, 0] == (1 if expected == "bf16" else x[0, 0])
    assert told.get_property("INFERENCE_PRECISION_HINT").get_type_name() == "f32"
    assert told({"x": x})[0][0, 0] == x[0, 0]
