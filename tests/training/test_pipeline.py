"""The pipeline decides which steps run by what is on disk."""

import os
import sys

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.training

from training import pipeline  # noqa: E402


def test_steps_in_order_and_each_reads_what_an_earlier_one_wrote(tmp_path):
    plan = pipeline.steps("minilm", "", tmp_path / "data", tmp_path / "work")
    written = {tmp_path / "data", tmp_path / "work" / "cost.json"}
    for step in plan:
        for key, values in step.options.items():
            for value in values if isinstance(values, list) else [values]:
                if key != "out" and hasattr(value, "exists"):
                    assert value in written, f"{step.title} reads {value}, which nothing wrote before"
        written.add(step.options["out"])
    assert [s.module for s in plan][-3:] == ["parity", "evaluate", "artifact"]


def test_without_distillation_the_student_is_the_mean_of_the_seeds(tmp_path):
    plan = pipeline.steps("minilm", "", tmp_path / "data", tmp_path / "work", distilled=False)
    modules = {s.module: s for s in plan}
    assert not {"pseudo_label", "distil"} & set(modules)
    assert modules["export"].options["checkpoint"] == tmp_path / "work" / "soup"


def test_a_teacher_joins_the_ensemble(tmp_path):
    plan = {s.module: s for s in pipeline.steps("minilm", "some/encoder", tmp_path / "data", tmp_path / "work")}
    assert plan["teacher"].options["base"] == "some/encoder"
    assert tmp_path / "work" / "teacher" in plan["pseudo_label"].options["teacher"]


def test_parity_compares_the_cpus_that_can_be_emulated_here(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "what_is_missing", lambda cpu: None if cpu == "neoverse-n1" else "no such qemu")
    plan = {s.module: s for s in pipeline.steps("minilm", "", tmp_path / "data", tmp_path / "work")}
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


def test_a_command_line_carries_every_option(tmp_path):
    step = pipeline.Step("labels", "pseudo_label", {"teacher": ["a", "b"], "out": tmp_path}, tmp_path)
    assert step.command() == [
        sys.executable, "-m", "training.pseudo_label", "--teacher=a", "--teacher=b", f"--out={tmp_path}",
    ]  # fmt: skip


def test_training_cost_is_hours_times_the_instance_price(tmp_path):
    import json

    (tmp_path / "warm").mkdir()
    (tmp_path / "warm" / "figures.json").write_text('{"minutes": 90}')
    pipeline.write_cost(tmp_path)
    cost = json.loads((tmp_path / "cost.json").read_text())
    assert cost["hours"] == 1.5
    assert cost["dollars"] == pytest.approx(1.5 * pipeline.DOLLARS_PER_HOUR, abs=0.005)
