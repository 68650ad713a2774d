import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # corpus.py, the comments these tests are written on


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A data folder of a few dozen comments that the project wrote itself."""
    from corpus import write_data

    return write_data(tmp_path_factory.mktemp("data") / "data")


@pytest.fixture(autouse=True)
def own_ablation_table(tmp_path, monkeypatch):
    """Training runs of tests leave no line in the project's ablation table."""
    import training.ablations

    monkeypatch.setattr(training.ablations, "TABLE", tmp_path / "ablations.csv")
