"""Every step in order, each skipped while its output is newer than its inputs: what `make model` runs.

    python -m training.pipeline --data FOLDER --out model_artifacts/distilbert-crypto-sentiment

The first step prepares the data, from FOLDER (training/DATA.md) or with --download from the public sources, into
WORK/data, which the other steps read. With neither, they read what is prepared there already.

A stopped run is started again with the same command: finished steps are skipped, the unfinished one goes on from its
last saved state. A change of a step's script or options makes that step, and what depends on it, run again.
"""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from training.data.prepare import Inputs
from training.data.records import FILES, PREPARED
from training.evaluate.emulation import what_is_missing
from training.evaluate.parity import CPUS
from training.train.packaged import PackageMissing, folder_of

# ---- settings ---------------------------------------------------------------------------------------------------
SEEDS = (1,)  # students fine-tuned without a teacher; the model is the mean of their weights
INSTANCE = "EC2 c7i.large (2 vCPU, AMX)"
DOLLARS_PER_HOUR = 0.08925  # on-demand, us-east-1, Linux; https://aws.amazon.com/ec2/pricing/on-demand/
# Which of the prepared files a step reads, so that new labels do not make the warm-up run again.
READS = {
    "warmup": ("general", "dev"),
    "pretrain": ("unlabelled",),
    "finetune": ("labelled", "dev"),
    "soup": ("dev",),
    "teacher": ("labelled", "dev"),
    "pseudo_label": ("labelled", "unlabelled"),
    "distil": ("labelled", "unlabelled", "dev"),
    "quantize": ("labelled",),
    "ngrams": ("labelled",),
    "calibrate": ("dev",),
    "parity": ("dev",),
    "evaluate": ("dev",),
    "artifact": FILES,
}
ROOMS = {
    "data": ("prepare",),
    "train": ("encoder", "warmup", "pretrain", "finetune", "soup", "teacher", "pseudo_label", "distil", "ngrams"),
    "evaluate": ("calibrate", "parity", "evaluate"),
    "ship": ("export", "quantize", "finish", "artifact"),
}
ROOM_OF = {module: room for room, modules in ROOMS.items() for module in modules}
# -----------------------------------------------------------------------------------------------------------------

NO_DATA = """There is no training data yet. Name a folder of it, or have the public sources fetched:
  make model DATA_DIR=folder     (python -m training.pipeline --data folder)
  make model ARGS=--download     (python -m training.pipeline --download)
training/DATA.md says what the folder holds and what the sources are."""
ROOT = Path(__file__).resolve().parent
console = Console(soft_wrap=True)


@dataclass(frozen=True)
class Step:
    """One script, its options, and the file whose time says when the step last finished.

    options: a Path is a file or folder that the step reads, except "out"; a list repeats its option; True is a flag.
    """

    title: str
    module: str
    options: dict
    output: Path

    def command(self) -> list[str]:
        """The step as a command line."""
        pairs = [(k, v) for k, vs in self.options.items() for v in (vs if isinstance(vs, list) else [vs])]
        options = [f"--{k}" if v is True else f"--{k}={v}" for k, v in pairs]
        return [sys.executable, "-m", f"training.{ROOM_OF[self.module]}.{self.module}", *options]

    def inputs(self) -> list[Path]:
        """Files whose change makes the step run again: its script, what it reads, checkpoints' weights."""
        values = [v for k, vs in self.options.items() if k != "out" for v in (vs if isinstance(vs, list) else [vs])]
        paths = [v for v in values if isinstance(v, Path)]
        within = [p / name for p in paths for name in ("model.safetensors", "manifest.json")]
        data = self.options.get("data")
        prepared = [data / f"{name}.jsonl.gz" for name in READS[self.module]] if data else []
        return [
            p for p in (ROOT / ROOM_OF[self.module] / f"{self.module}.py", *paths, *within, *prepared) if p.is_file()
        ]

    def is_current(self) -> bool:
        """Whether the output exists and is not older than any input."""
        return self.output.exists() and all(p.stat().st_mtime <= self.output.stat().st_mtime for p in self.inputs())


class Preparation(Step):
    """The first step; it knows itself which inputs its output was made from, another folder's older files included."""

    def is_current(self) -> bool:
        """Whether the prepared files were made from the same inputs by the same rules."""
        return Inputs(self.options.get("data-dir")).are_prepared(self.options["out"])


def preparation(raw: Path | None, work: Path) -> Step:
    """Prepare the folder `raw`, or the public sources where it is None, into work/data."""
    source = {"data-dir": raw} if raw else {"download": True}
    out = work / PREPARED.name
    return Preparation("prepare the data", "prepare", {**source, "out": out}, out / "prepare.json")


def steps(
    base: str,
    teacher: str,
    work: Path,
    previous: list[Path] | None = None,
    distilled: bool = False,
    pretrained: bool = False,
) -> list[Step]:
    """The steps from the base encoder and the prepared data in work/data to the artifact folder work/artifact.

    pretrained: masked-language training on unlabelled comments before the labels are learnt. With a `teacher` the model
    is the student that learns from it and from the labels; without one, the mean of the fine-tuned seeds, or with
    `distilled` a student that learns from those.
    """
    data = work / PREPARED.name

    def trained(title: str, module: str, name: str, **options) -> Step:
        return Step(title, module, {**options, "data": data, "out": work / name}, work / name / "model.safetensors")

    onnx, int8 = work / "onnx" / "model.onnx", work / "onnx" / "model_quantized.onnx"
    pseudo = work / "pseudo.npz"
    plan = [
        Step("base encoder", "encoder", {"base": base, "out": work / "base"}, work / "base" / "model.safetensors"),
        trained("warm-up on general sentiment", "warmup", "warm", init=work / "base"),
    ]
    if pretrained:
        plan.append(trained("masked-language training", "pretrain", "pretrained", init=work / "warm"))
    start = work / ("pretrained" if pretrained else "warm")
    if teacher:
        plan.append(trained("teacher", "teacher", "teacher", base=teacher))
        student, teachers = start, [work / "teacher"]
    else:
        teachers = [work / f"finetuned-{seed}" for seed in SEEDS]
        for seed, folder in zip(SEEDS, teachers, strict=True):
            plan.append(trained(f"fine-tune, seed {seed}", "finetune", folder.name, init=start, seed=seed))
        student = teachers[0]
        if len(teachers) > 1:
            student = work / "soup"
            plan.append(trained("mean of the seeds' weights", "soup", "soup", checkpoint=teachers))
    if teacher or distilled:
        labels = {"teacher": teachers, "data": data, "out": pseudo}
        plan.append(Step("pseudo-labels", "pseudo_label", labels, pseudo))
        plan.append(trained("distillation", "distil", "student", init=student, probabilities=pseudo))
        student = work / "student"
    return [
        *plan,
        Step("export to ONNX", "export", {"checkpoint": student, "out": onnx}, onnx),
        Step("quantize", "quantize", {"checkpoint": student, "model": onnx, "data": data, "out": int8}, int8),
        *shipping(student, int8, work, {"fp32": onnx, "training": work / "cost.json"}, previous),
    ]


def shipping(checkpoint: Path, int8: Path, work: Path, evaluation: dict, previous: list[Path] | None) -> list[Step]:
    """The steps from the int8 encoder to the artifact folder work/artifact. checkpoint: for config and tokenizer.

    evaluation: further options of the evaluation.
    """
    data, calibration, metrics = work / PREPARED.name, work / "calibration.json", work / "metrics.json"
    ready, draft, parity = work / "onnx" / "model_calibrated.onnx", work / "draft", work / "parity.json"
    if previous:
        evaluation = {**evaluation, "previous": previous}
    ngrams = work / "ngrams.npz"
    tokenizer, stage = {"tokenizer": checkpoint}, {"ngrams": ngrams}
    pack = {"checkpoint": checkpoint, "model": ready, **stage, "calibration": calibration}
    measured = {"int8": ready, "checkpoint": checkpoint, "calibration": calibration, "data": data, "parity": parity}
    cpus = [cpu for cpu in CPUS if not what_is_missing(cpu)]
    return [
        Step("n-grams", "ngrams", {**tokenizer, "data": data, "out": ngrams}, ngrams),
        Step(
            "calibrate",
            "calibrate",
            {"model": int8, **tokenizer, **stage, "data": data, "out": calibration},
            calibration,
        ),
        Step(
            "finish the graph",
            "finish",
            {"model": int8, **tokenizer, **stage, "calibration": calibration, "out": ready},
            ready,
        ),
        Step("draft artifact", "artifact", {**pack, "out": draft}, draft / "manifest.json"),
        Step("parity", "parity", {"artifact": draft, "data": data, "out": parity, "cpu": cpus}, parity),
        Step("evaluate", "evaluate", {**measured, **evaluation, "out": metrics}, metrics),
        Step(
            "artifact",
            "artifact",
            {**pack, "metrics": metrics, "data": data, "out": work / "artifact"},
            work / "artifact" / "manifest.json",
        ),
    ]


def write_cost(work: Path, plan: list[Step]) -> None:
    """cost.json: minutes of each step of `plan` that computed for long, and what they cost on INSTANCE."""
    found = {s.output.parent.name: s.output.parent / "figures.json" for s in plan if s.output.parent != work}
    found["pseudo-labels"] = work / "pseudo.json"
    figures = {name: json.loads(p.read_text()) for name, p in found.items() if p.is_file()}
    minutes = {name: f["minutes"] for name, f in figures.items() if "minutes" in f}
    hours = sum(minutes.values()) / 60
    cost = {
        "minutes": minutes,
        "unlabelled": figures.get("student", {}).get("unlabelled", 0),
        "hours": round(hours, 2),
        "instance": INSTANCE,
        "dollars_per_hour": DOLLARS_PER_HOUR,
        "dollars": round(hours * DOLLARS_PER_HOUR, 2),
    }
    (work / "cost.json").write_text(json.dumps(cost, indent=1) + "\n")


def main(
    base: Annotated[str, typer.Option(help="base encoder: minilm, a folder or a Hugging Face id")] = "minilm",
    teacher: Annotated[
        str, typer.Option(help="the larger encoder that teaches: mpnet, a folder or a Hugging Face id; empty: none")
    ] = "mpnet",
    data: Annotated[
        Path | None, typer.Option(envvar="DATA_DIR", help="folder with labelled, dev, comments and general/ to prepare")
    ] = None,
    download: Annotated[bool, typer.Option("--download", help="prepare the public sources instead")] = False,
    work: Annotated[Path, typer.Option(help="folder of what the steps write")] = PREPARED.parent,
    out: Annotated[Path | None, typer.Option(help="copy the finished artifact here")] = None,
    previous: Annotated[
        list[Path] | None, typer.Option(help="dev logits of an earlier model, to compare with; may be repeated")
    ] = None,
    distilled: Annotated[
        bool, typer.Option("--distil/--no-distil", help="without a teacher: a student learns from the fine-tuned")
    ] = False,
    pretrained: Annotated[
        bool, typer.Option("--pretrain/--no-pretrain", help="masked-language training on unlabelled comments first")
    ] = False,
    artifact: Annotated[
        Path | None,
        typer.Option(help="train no encoder: take this artifact's, and calibrate, measure and pack it again"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say which steps would run")] = False,
) -> None:
    """Train the model, from comments and base encoder to artifact folder.

    Exit status 1: there is no data, or a step failed; start again to go on.
    """
    if data and download:
        raise typer.BadParameter("either --data (DATA_DIR) or --download, not both")
    if artifact:
        encoder, others = artifact / "onnx" / "model_quantized.onnx", {"earlier": artifact / "metrics.json"}
        plan, teacher = shipping(artifact, encoder, work, others, previous), ""
    else:
        plan = steps(base, teacher, work, previous, distilled, pretrained)
    if data or download:
        plan.insert(0, preparation(data, work))
    elif not (work / PREPARED.name / "prepare.json").exists():
        console.print(NO_DATA, style="red", markup=False)
        raise typer.Exit(1)
    work.mkdir(parents=True, exist_ok=True)
    if teacher and not dry_run:
        try:
            folder_of(teacher)  # now, not after an hour
        except PackageMissing as error:
            raise typer.BadParameter(str(error)) from None
    commands = work / "commands.json"
    ran = json.loads(commands.read_text()) if commands.is_file() else {}
    for number, step in enumerate(plan, 1):
        title = f"[{number}/{len(plan)}] {step.title}"
        command = step.command()[1:]
        if step.is_current() and ran.get(step.title, command) == command:
            console.print(f"{title}: up to date", markup=False)
            continue
        console.print(f"{title}: {' '.join(command)}", markup=False)
        if dry_run:
            continue
        if step.module == "evaluate" and not artifact:
            write_cost(work, plan)
        started = time.monotonic()
        if subprocess.run(step.command()).returncode:
            console.print(f"{step.title} failed; start the same command again to go on from here", style="red")
            raise typer.Exit(1)
        step.output.touch()
        commands.write_text(json.dumps(ran | {step.title: command}, indent=1))
        ran[step.title] = command
        console.print(f"{title}: {(time.monotonic() - started) / 60:.1f} min", markup=False)
    if out and not dry_run:
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(work / "artifact", out)
        console.print(f"artifact in {out}")


if __name__ == "__main__":
    typer.run(main)
