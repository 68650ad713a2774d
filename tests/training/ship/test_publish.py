import json
from hashlib import sha256

import pytest
import typer
from huggingface_hub import HfApi
from typer.testing import CliRunner

from training.ship import publish

pytestmark = pytest.mark.training
FILES = {
    "config.json": b"{}",
    "tokenizer.json": b"{...}",
    "onnx/model_quantized.onnx": b"weights",
    "README.md": b"card",
}


@pytest.fixture
def artifact(tmp_path):
    folder = tmp_path / "model"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    listed = {name: {"sha256": sha256(content).hexdigest(), "bytes": len(content)} for name, content in FILES.items()}
    (folder / "manifest.json").write_text(json.dumps({"revision": "abc123", "files": listed}))
    return folder


@pytest.fixture
def hub(monkeypatch):
    """The hub's two calls, recorded. Everything up to them is real."""
    calls = []
    monkeypatch.setattr(HfApi, "create_repo", lambda self, name, **options: calls.append(("create", name, options)))
    monkeypatch.setattr(
        HfApi, "upload_folder", lambda self, **options: calls.append(("upload", options)) or "https://hub/commit/1"
    )
    return calls


def run(*arguments):
    app = typer.Typer()
    app.command()(publish.main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_by_default_it_only_says_what_it_would_upload(artifact, hub):
    result = run("me/model", "--folder", artifact)

    assert result.exit_code == 0, result.output
    for content in FILES.values():
        assert sha256(content).hexdigest() in result.output
    assert "revision abc123: 5 files" in result.output
    assert "to https://huggingface.co/me/model (public if new)" in result.output
    assert "dry run" in result.output
    assert hub == []


def test_push_uploads_what_the_manifest_lists_in_one_commit(artifact, hub):
    result = run("me/model", "--folder", artifact, "--push", "--private")

    assert result.exit_code == 0, result.output
    assert hub[0] == ("create", "me/model", {"private": True, "exist_ok": True})
    assert set(hub[1][1]["allow_patterns"]) == {*FILES, "manifest.json"}
    assert hub[1][1]["commit_message"] == "Revision abc123"
    assert "published: https://hub/commit/1" in result.output


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "config.json").write_text("{ }"), "config.json: its sha256 is not the manifest's"),
        (lambda folder: (folder / "onnx/model_quantized.onnx").unlink(), "onnx/model_quantized.onnx: missing"),
        (lambda folder: (folder / "notes.txt").write_text("mine"), "notes.txt: not in the manifest"),
        (lambda folder: (folder / "manifest.json").unlink(), "is missing or not a manifest"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "is missing or not a manifest"),
        (
            lambda folder: (folder / "manifest.json").write_text(
                json.dumps({"revision": "x", "files": {"../../etc/passwd": {"sha256": "0"}}})
            ),
            "leads out of the folder",
        ),
    ],
)
def test_a_folder_that_is_not_what_its_manifest_says_is_not_published(artifact, hub, spoil, message):
    spoil(artifact)

    result = run("me/model", "--folder", artifact, "--push")

    assert result.exit_code == 1
    assert message in result.output
    assert hub == []


def test_a_hub_out_of_reach_is_a_plain_error(artifact, monkeypatch):
    def unreachable(*args, **kwargs):
        raise ConnectionError("no route")

    monkeypatch.setattr(HfApi, "create_repo", unreachable)

    result = run("me/model", "--folder", artifact, "--push")

    assert result.exit_code == 1
    assert "https://huggingface.co/me/model was not written" in result.output
