"""The pipeline decides which steps run by what is on disk."""

import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("torch")
pytestmark = pytest.mark.training

from training import pipeline  # noqa: E402
from training.data import prepare  # noqa: E402


def run(*arguments, **environment):
    app = typer.Typer()
    app.command()(pipeline.main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"DATA_DIR": "", **environment})


def test_steps_in_order_and_each_reads_what_an_earlier_one_wrote(tmp_path):
    work = tmp_path / "work"
    plan = [
        pipeline.preparation(tmp_path / "raw", work),
        *pipeline.steps("minilm", "some/encoder", work),
    ]
    written = {tmp_path / "raw", work / "cost.json"}
    for step in plan:
        for key, values in step.options.items():
            for value in values if isinstance(values, list) else [values]:
                if key != "out" and hasattr(value, "exists"):
                    assert value in written, f"{step.title} reads {value}, which nothing wrote before"
        written.add(step.options["out"])
    assert [s.module for s in plan][-3:] == ["parity", "evaluate", "artifact"]


@pytest.mark.parametrize(("seeds", "checkpoint"), [((1,), "finetuned-1"), ((1, 2), "soup")])
def test_without_distillation_the_model_is_the_mean_of_the_seeds(tmp_path, monkeypatch, seeds, checkpoint):
    monkeypatch.setattr(pipeline, "SEEDS", seeds)
    plan = {s.module: s for s in pipeline.steps("minilm", "", tmp_path / "work")}
    assert not {"pseudo_label", "distil"} & set(plan)
    assert plan["export"].options["checkpoint"] == tmp_path / "work" / checkpoint


def test_fine_tuning_starts_from_the_last_of_the_steps_before_it(tmp_path):
    for pretrained, init in ((True, "pretrained"), (False, "warm")):
        plan = {s.module: s for s in pipeline.steps("minilm", "", tmp_path, pretrained=pretrained)}
        assert plan["finetune"].options["init"] == tmp_path / init


def test_the_students_of_a_teacher_start_from_the_warm_up_and_learn_from_it_alone(tmp_path):
    plan = {s.module: s for s in pipeline.steps("minilm", "some/encoder", tmp_path)}
    assert plan["teacher"].options["base"] == "some/encoder"
    assert plan["pseudo_label"].options["teacher"] == [tmp_path / "teacher"]
    assert plan["distil"].options["init"] == tmp_path / "warm"
    assert "finetune" not in plan


def test_without_a_teacher_the_fine_tuned_students_can_teach(tmp_path):
    plan = {s.module: s for s in pipeline.steps("minilm", "", tmp_path, distilled=True)}
    assert plan["pseudo_label"].options["teacher"] == [tmp_path / "finetuned-1"]
    assert plan["distil"].options["init"] == tmp_path / "finetuned-1"
    assert plan["export"].options["checkpoint"] == tmp_path / "student"


def test_parity_compares_the_cpus_that_can_be_emulated_here(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "what_is_missing", lambda cpu: None if cpu == "neoverse-n1" else "no such qemu")
    plan = {s.module: s for s in pipeline.steps("minilm", "", tmp_path / "work")}
    assert [option for option in plan["parity"].command() if "--cpu" in option] == ["--cpu=neoverse-n1"]


def test_a_step_runs_again_when_an_input_is_newer_than_its_output(tmp_path):
    source, out = tmp_path / "in.json", tmp_path / "out.json"
    step = pipeline.Step("evaluate", "evaluate", {"calibration": source, "out": out}, out)
    source.write_text("{}")
    assert not step.is_current()
    out.write_text("{}")
    assert step.is_current()
    later = out.stat().st_mtime + 5
    os.utime(source, (later, later))
    assert not step.is_current()


def test_one_command_prepares_the_folder_and_only_once(tmp_path):
    from corpus import write_data

    raw, work = write_data(tmp_path / "raw"), tmp_path / "work"
    asked = ("--data", raw, "--work", work, "--dry-run")
    assert f"prepare the data: -m training.data.prepare --data-dir={raw} --out={work / 'data'}" in run(*asked).output

    prepare.main(raw, work / "data")  # what `make data` runs

    for result in (run(*asked), run("--work", work, "--dry-run", DATA_DIR=str(raw))):
        assert "prepare the data: up to date" in result.output
    assert run("--work", work, "--dry-run").output.startswith("[1/14] base encoder"), "prepared data needs no folder"

    other = write_data(tmp_path / "other")
    os.utime(other / "labelled.jsonl", (0, 0))
    assert f"--data-dir={other}" in run("--data", other, "--work", work, "--dry-run").output, "older, but not the same"


def test_without_data_it_says_where_to_get_some(tmp_path):
    result = run("--work", tmp_path / "work")
    assert result.exit_code == 1
    assert "make model DATA_DIR=folder" in result.output
    assert "--download" in result.output
    assert "-m training.data.prepare --download" in run("--work", tmp_path / "work", "--download", "--dry-run").output
    assert run("--data", tmp_path, "--download").exit_code == 2


def test_new_labels_make_the_steps_that_read_them_run_again_and_no_others(data, tmp_path):
    plan = {step.module: step for step in pipeline.steps("minilm", "teacher/id", tmp_path)}
    (tmp_path / "data").mkdir()
    for file in data.glob("*.jsonl.gz"):
        (tmp_path / "data" / file.name).write_bytes(file.read_bytes())
    for step in plan.values():
        step.output.parent.mkdir(exist_ok=True)
        step.output.touch()
    later = max(step.output.stat().st_mtime for step in plan.values()) + 5

    os.utime(tmp_path / "data" / "labelled.jsonl.gz", (later, later))

    stale = {module for module, step in plan.items() if not step.is_current()}
    assert stale == {"teacher", "pseudo_label", "distil", "quantize", "ngrams", "artifact"}


def test_the_files_a_step_is_said_to_read_are_those_in_its_script():
    for module, files in pipeline.READS.items():
        if files != pipeline.FILES:
            script = (pipeline.ROOT / pipeline.ROOM_OF[module] / f"{module}.py").read_text()
            read = set(re.findall(r'\(data, "(\w+)"\)', script)) | set(re.findall(r"(general)\(data\)", script))
            assert read == set(files), module


def test_a_command_line_carries_every_option(tmp_path):
    step = pipeline.Step("labels", "pseudo_label", {"teacher": ["a", "b"], "out": tmp_path}, tmp_path)
    assert step.command() == [
        sys.executable, "-m", "training.train.pseudo_label", "--teacher=a", "--teacher=b", f"--out={tmp_path}",
    ]  # fmt: skip


def test_training_cost_is_hours_times_the_instance_price(tmp_path):
    import json

    for folder, minutes in (("warm", 30), ("teacher", 40), ("left-over", 1000)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "figures.json").write_text(json.dumps({"minutes": minutes}))
    (tmp_path / "pseudo.json").write_text('{"minutes": 20}')
    pipeline.write_cost(tmp_path, pipeline.steps("minilm", "some/encoder", tmp_path))
    cost = json.loads((tmp_path / "cost.json").read_text())
    assert cost["minutes"] == {"warm": 30, "teacher": 40, "pseudo-labels": 20}, "not what another run left there"
    assert cost["hours"] == 1.5
    assert cost["dollars"] == pytest.approx(1.5 * pipeline.DOLLARS_PER_HOUR, abs=0.005)


def test_a_step_runs_again_with_other_options(data, tmp_path, monkeypatch):
    """A run with a teacher, between two without one, leaves a model that the third must not take for its own."""

    def as_if(command, **_):
        options = dict(part[2:].split("=", 1) for part in command[3:])
        out = Path(options["out"])
        (out if command[2] in FOLDERS else out.parent).mkdir(parents=True, exist_ok=True)
        for name in FOLDERS.get(command[2], ()):
            (out / name).write_text(command[2])
        if command[2] not in FOLDERS:
            out.write_text("{}")
        return SimpleNamespace(returncode=0)

    checkpoint = ("model.safetensors",)
    trained = ("encoder", "warmup", "finetune", "teacher", "distil")
    FOLDERS = {f"training.{pipeline.ROOM_OF[m]}.{m}": checkpoint for m in trained}
    FOLDERS["training.ship.artifact"] = ("manifest.json",)
    monkeypatch.setattr(pipeline, "subprocess", SimpleNamespace(run=as_if))
    (tmp_path / "data").symlink_to(data)
    asked = ("--work", tmp_path, "--teacher")

    assert "distillation: -m" in run(*asked, data).output
    assert "distillation" not in run(*asked, "").output
    assert "distillation: up to date" in (again := run(*asked, data).output)
    assert f"export to ONNX: -m training.ship.export --checkpoint={tmp_path / 'student'}" in again
    assert "export to ONNX: up to date" in run(*asked, data).output
