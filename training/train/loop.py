"""The optimisation loop that warm-up, fine-tuning, distillation and masked-language pre-training share.

AdamW with layer-wise learning-rate decay, linear warm-up then linear decay, a resumable state every few minutes, an
optional moving average of the weights. Where the processor has matrix units for bfloat16, forward and backward run in
it while AdamW updates fp32 master weights.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress, TextColumn
from torch import nn

from training.train.batches import Batch, pad, shuffled


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    batch_tokens: tokens of one padded batch; the loss is averaged over the mean number of comments of a batch, so a
    comment weighs the same among short neighbours and among long ones.
    layer_decay: each layer below the top learns this factor slower. ema: decay of the weights' moving average, 0 off.
    dropout: probability everywhere the model has one; None leaves the checkpoint's own. PyTorch draws its masks on one
    core while the others wait; few passes over many comments need none.
    """

    epochs: int
    learning_rate: float
    batch_tokens: int = 2048
    warmup: float = 0.06
    weight_decay: float = 0.01
    layer_decay: float = 1.0
    ema: float = 0.0
    dropout: float | None = None
    seed: int = 1


CLIP_NORM = 1.0
SAVE_EVERY_S = 300
SUSPENDED_S = 20  # a step that long was not computing: the process was stopped


def parameter_groups(weights: dict[str, nn.Parameter], layers: int, schedule: Schedule) -> list[dict]:
    """One group per layer and kind: deeper layers slower by `layer_decay`, no weight decay on biases and norms."""
    groups: dict[tuple[float, float], list] = {}
    for name, parameter in weights.items():
        depth = 0
        if ".layer." in name:
            depth = layers - 1 - int(name.split(".layer.")[1].split(".")[0])
        elif "embeddings" in name:
            depth = layers
        rate = schedule.learning_rate * schedule.layer_decay**depth
        decay = schedule.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": p, "lr": rate, "weight_decay": decay} for (rate, decay), p in groups.items()]


def linear_schedule(steps: int, warmup: float) -> Callable[[int], float]:
    """Factor on the learning rate: up to 1 over `warmup` of the steps, then down to 0."""
    rising = max(1, int(steps * warmup))
    return lambda step: min((step + 1) / rising, max(0.0, (steps - step) / max(1, steps - rising)))


def bfloat16_is_fast() -> bool:
    """Whether the processor multiplies in bfloat16 (AMX, or AVX512-BF16: twice the speed of fp32 and more)."""
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


def train(
    model: nn.Module,
    ids: list[np.ndarray],
    loss: Callable[[nn.Module, Batch], torch.Tensor],
    schedule: Schedule,
    pad_id: int,
    state_path: Path | None = None,
    label: str = "train",
) -> dict:
    """Train `model` in place; returns {"loss", "minutes", "tokens_per_second", "steps"}.

    loss(model, batch) gives one loss per example. state_path: where the state is kept so that the same call after an
    interruption goes on from the last saved step; removed at the end.
    """
    torch.manual_seed(schedule.seed)
    epochs = range(schedule.seed * 1000, schedule.seed * 1000 + schedule.epochs)
    plan = [rows for epoch in epochs for rows in shuffled(ids, schedule.batch_tokens, epoch)]
    examples_per_batch = sum(map(len, plan)) / len(plan)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    frozen = {name: p for name, p in model.named_parameters() if not p.requires_grad}
    unrounded = {name: p.detach().clone() for name, p in frozen.items()}
    masters = trained
    if half := bfloat16_is_fast():
        masters = {name: nn.Parameter(p.detach().float().clone()) for name, p in trained.items()}
        model.to(torch.bfloat16)
    optimizer = torch.optim.AdamW(
        parameter_groups(masters, model.config.num_hidden_layers, schedule), betas=(0.9, 0.98), eps=1e-6, fused=True
    )
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, linear_schedule(len(plan), schedule.warmup))
    average = {name: p.detach().clone() for name, p in masters.items()} if schedule.ema else None
    progress_state = {"step": 0, "seconds": 0.0, "tokens": 0, "loss": 0.0}
    key = json.dumps({"schedule": asdict(schedule), "examples": len(ids)}, sort_keys=True)
    if state_path and state_path.is_file():
        saved = torch.load(state_path, weights_only=True)
        if saved["key"] == key:
            set_weights(masters, saved["masters"])
            set_weights(trained, saved["masters"])
            optimizer.load_state_dict(saved["optimizer"])
            scheduler.load_state_dict(saved["scheduler"])
            average = saved["average"]
            progress_state = saved["progress"]
            torch.set_rng_state(saved["rng"])

    def save_state() -> None:
        part = state_path.with_suffix(".part")
        torch.save(
            {
                "key": key,
                "masters": {name: p.detach() for name, p in masters.items()},
                "optimizer": optimizer.state_dict(),
                "scheduler": scheduler.state_dict(),
                "average": average,
                "progress": progress_state,
                "rng": torch.get_rng_state(),
            },
            part,
        )
        part.replace(state_path)

    model.train()
    if schedule.dropout is not None:
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = schedule.dropout
    running, saved_at, clock = progress_state["loss"], time.monotonic(), time.monotonic()
    columns = (*Progress.get_default_columns(), TextColumn("loss {task.fields[loss]:.4f}"))
    with Progress(*columns, refresh_per_second=0.2) as progress:
        task = progress.add_task(label, total=len(plan), completed=progress_state["step"], loss=running)
        for step in range(progress_state["step"], len(plan)):
            batch = pad(ids, plan[step], pad_id)
            losses = loss(model, batch)
            (losses.float().sum() / examples_per_batch).backward()
            if half:
                for name, p in trained.items():
                    masters[name].grad, p.grad = None if p.grad is None else p.grad.float(), None
            nn.utils.clip_grad_norm_(masters.values(), CLIP_NORM)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad(set_to_none=True)
            if half:
                set_weights(trained, masters)
            if average is not None:
                decay = min(schedule.ema, (step + 1) / (step + 10))
                for name, p in masters.items():
                    average[name].lerp_(p.detach(), 1 - decay)
            value = float(losses.detach().mean())
            running = value if step == 0 else 0.98 * running + 0.02 * value
            now = time.monotonic()
            progress_state = {
                "step": step + 1,
                "seconds": progress_state["seconds"] + (now - clock if now - clock < SUSPENDED_S else 0.0),
                "tokens": progress_state["tokens"] + int(batch.attention_mask.sum()),
                "loss": running,
            }
            clock = now
            progress.update(task, advance=1, loss=running)
            if (step + 1) % 50 == 0:
                rate = progress_state["tokens"] / progress_state["seconds"]
                progress.console.print(f"{label} step {step + 1}/{len(plan)} loss {running:.4f} {rate:.0f} tokens/s")
            if state_path and now - saved_at > SAVE_EVERY_S:
                save_state()
                saved_at = time.monotonic()
    model.float()
    set_weights(frozen, unrounded)
    set_weights(trained, masters if average is None else average)
    if state_path:
        state_path.unlink(missing_ok=True)
    return {
        "loss": round(running, 4),
        "minutes": round(progress_state["seconds"] / 60, 2),
        "tokens_per_second": round(progress_state["tokens"] / max(progress_state["seconds"], 1e-9)),
        "steps": len(plan),
    }


@torch.no_grad()
def set_weights(target: dict[str, torch.Tensor], source: dict[str, torch.Tensor]) -> None:
    """Copy values by name, from one precision to the other."""
    for name, weight in target.items():
        weight.copy_(source[name])


def soft_cross_entropy(targets: torch.Tensor) -> Callable[[nn.Module, Batch], torch.Tensor]:
    """A loss for `train`: cross-entropy of each example against its row of `targets`, [n, 3] probabilities."""

    def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
        logits = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits.float()
        return -(targets[batch.rows] * logits.log_softmax(-1)).sum(-1)

    return loss
