import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # corpus.py, the comments these tests are written on


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """The prepared form of a few hundred comments that the project wrote itself."""
    from corpus import write_data

    from training.data import prepare

    folder = tmp_path_factory.mktemp("data")
    prepare.main(write_data(folder / "raw"), folder / "prepared")
    return folder / "prepared"


@pytest.fixture(autouse=True)
def own_ablation_table(tmp_path, monkeypatch):
    """Training runs of tests leave no line in the project's ablation table."""
    import training.evaluate.ablations

    monkeypatch.setattr(training.evaluate.ablations, "TABLE", tmp_path / "ablations.csv")
