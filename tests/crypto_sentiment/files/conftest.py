"""The verb `score`, run in this process with the real model."""

import json
from pathlib import Path

import pytest


class Verb:
    """`score` with its arguments; `said` is what it last printed."""

    def __init__(self, capfd, folder: Path):
        self._capfd, self.folder, self.said, self.printed = capfd, folder, "", ""

    def __call__(self, *arguments: object, status: int = 0) -> str:
        from typer import Typer
        from typer.testing import CliRunner

        from crypto_sentiment.cli.score import score

        app = Typer()
        app.command()(score)
        self._capfd.readouterr()
        done = CliRunner().invoke(app, [str(a) for a in (*arguments, "--workers", 1)], catch_exceptions=False)
        captured = self._capfd.readouterr()
        self.said = done.stderr + captured.err
        self.printed = done.stdout + captured.out
        assert done.exit_code == status, self.said
        assert "Traceback" not in self.said
        return self.said

    def rows(self, *arguments: object, status: int = 0) -> list[dict]:
        """The results as JSON lines."""
        output = self.folder / "results.jsonl"
        self(*arguments, output, status=status)
        return [json.loads(line) for line in output.read_text().splitlines()]


@pytest.fixture
def verb(capfd, tmp_path, monkeypatch) -> Verb:
    monkeypatch.setenv("COLUMNS", "200")
    return Verb(capfd, tmp_path)
