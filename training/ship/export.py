"""Step 7: an fp32 checkpoint as one ONNX graph: input_ids, attention_mask (int64 [n, width]) to logits ([n, 3]).

python -m training.ship.export --checkpoint build/training/student --out build/training/onnx/model.onnx
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import onnxruntime as ort
import torch
import typer
from torch import nn

from training.train.encoder import load_checkpoint

# ---- settings ---------------------------------------------------------------------------------------------------
OPSET = 20  # has Gelu and LayerNormalization as one node each
TOLERANCE = 1e-3  # of the logits, against PyTorch
# -----------------------------------------------------------------------------------------------------------------


class ExportError(RuntimeError):
    """The ONNX graph does not compute what the checkpoint computes."""


class Logits(nn.Module):
    """The checkpoint without the wrapper that carries losses and hidden states."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits


def export(
    checkpoint: Annotated[Path, typer.Option(help="folder with the fp32 checkpoint")],
    out: Annotated[Path, typer.Option(help="ONNX file to write")],
) -> None:
    """Write OUT and check its logits against PyTorch on batches of other shapes than the traced one."""
    model, _ = load_checkpoint(checkpoint)
    model.eval()
    out.parent.mkdir(parents=True, exist_ok=True)
    ids = torch.randint(5, min(900, model.config.vocab_size), (2, 9))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    torch.onnx.export(
        Logits(model).eval(),  # a fresh wrapper is in training mode, and export would put the model back into it
        (ids, mask),
        str(out),
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_axes={
            "input_ids": {0: "batch", 1: "width"},
            "attention_mask": {0: "batch", 1: "width"},
            "logits": {0: "batch"},
        },
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.checker.check_model(str(out))
    difference = largest_difference(model, out)
    if difference > TOLERANCE:
        raise ExportError(f"{out} differs from {checkpoint} by {difference:.1e}, more than {TOLERANCE:.0e}")
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, logits within {difference:.1e} of PyTorch's")


@torch.inference_mode()
def largest_difference(model: nn.Module, path: Path) -> float:
    """Largest absolute difference of logits between PyTorch and the graph, over padded batches of several shapes."""
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    random = np.random.default_rng(0)
    worst = 0.0
    for rows, width in ((1, 3), (1, 61), (5, 17)):
        ids = random.integers(5, min(900, model.config.vocab_size), (rows, width))
        mask = (np.arange(width) < random.integers(2, width + 1, (rows, 1))).astype(np.int64)
        ours = session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]
        theirs = model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).logits.numpy()
        worst = max(worst, float(np.abs(ours - theirs).max()))
    return worst


if __name__ == "__main__":
    typer.run(export)
