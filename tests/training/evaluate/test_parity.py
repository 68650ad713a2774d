"""Scores of the same comments on this CPU and on emulated ones."""

import json

import numpy as np
import pytest
import typer

from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.settings import get_settings
from training.evaluate import emulation, parity
from training.evaluate.report import parity_lines

pytestmark = pytest.mark.training

TEXTS = ["best project ever, so bullish", "total scam, lost everything", "never buying from this crook again"]


def differs_by(cpu: str) -> float:
    """Largest difference between the scores here and on `cpu`."""
    if reason := emulation.what_is_missing(cpu):
        pytest.skip(reason)
    artifact = get_settings().model_dir
    here = parity.scores_of(SentimentClassifier.load(artifact), TEXTS)
    there = emulation.scores(artifact, TEXTS, cpu)
    assert ((here >= 0.5) == (np.array(there) >= 0.5)).all()
    return np.abs(here - there).max()


def test_a_cpu_without_vnni_scores_as_this_one():
    assert differs_by("Haswell") < 0.05


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_an_arm64_cpu_scores_as_this_one():
    assert differs_by("neoverse-n1") < 0.05


def test_without_qemu_the_error_names_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(emulation.EmulationError, match="apt-get install qemu-user-static"):
        emulation.scores(tmp_path, TEXTS, "Haswell")
    with pytest.raises(typer.BadParameter, match="apt-get install qemu-user-static"):
        parity.main(tmp_path, tmp_path / "parity.json", ["Haswell"])


@pytest.fixture
def qemu(monkeypatch, tmp_path):
    """A qemu-aarch64 that lists one CPU, and nothing else on PATH."""
    program = tmp_path / "bin" / "qemu-aarch64"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'Available CPUs:'\necho '  neoverse-n1'\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def test_qemu_says_which_machine_a_cpu_belongs_to(qemu):
    assert emulation.machine_of("neoverse-n1") == "aarch64"
    assert emulation.machine_of("neoverse-n1,sve=off") == "aarch64"
    with pytest.raises(emulation.EmulationError, match="no qemu here has a CPU model 'Haswell'"):
        emulation.machine_of("Haswell")


def test_arm64_needs_root_and_debootstrap(qemu, monkeypatch):
    monkeypatch.setattr(emulation.os, "geteuid", lambda: 1000)
    assert "needs root" in emulation.what_is_missing("neoverse-n1")
    monkeypatch.setattr(emulation.os, "geteuid", lambda: 0)
    assert "apt-get install debootstrap" in emulation.what_is_missing("neoverse-n1")


def test_the_figures_and_the_card_name_the_cpus_compared(data, tmp_path, monkeypatch):
    artifact, elsewhere = get_settings().model_dir, tmp_path / "elsewhere.json"
    monkeypatch.setattr(emulation, "what_is_missing", lambda cpu: None)
    monkeypatch.setattr(emulation, "scores", lambda artifact, texts, cpu: [0.75] * len(texts))
    elsewhere.write_text(json.dumps([0.25] * 4))
    parity.main(artifact, tmp_path / "parity.json", ["Haswell"], [f"a Graviton4={elsewhere}"], comments=4, data=data)
    figures = json.loads((tmp_path / "parity.json").read_text())
    assert [c["cpu"] for c in figures["cpus"]] == ["x86 with AVX2, without VNNI, qemu Haswell", "a Graviton4"]
    assert sum(c["agree"] for c in figures["cpus"]) == 100  # each label agrees with one of the two made-up CPUs
    card = parity_lines({"parity": figures})
    assert "x86 with AVX2, without VNNI, qemu Haswell" in card
    assert "none could be emulated" in parity_lines({"parity": {**figures, "cpus": []}})
