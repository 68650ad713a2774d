"""Encoders out of packages; the large one's five packages are played by files that the test writes."""

import zipfile
from importlib.metadata import PackageNotFoundError, PackagePath

import pytest

from training.train import packaged

pytestmark = pytest.mark.training


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Five installed packages with a part each of an archive that holds a model folder."""
    archive = tmp_path / "model.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("some-model/1_Pooling/config.json", "{}")
        zipped.writestr("some-model/config.json", '{"model_type": "mpnet"}')
        zipped.writestr("some-model/model.safetensors", b"weights" * 100)
    whole = archive.read_bytes()
    size = len(whole) // 5 + 1

    def files(package):
        number = packaged.MPNET_PARTS.index(package)
        part = tmp_path / f"model.zip.{number + 1:03d}"
        part.write_bytes(whole[number * size : (number + 1) * size])
        paths = [PackagePath("RECORD"), PackagePath(part.name)]
        for path in paths:
            path.dist = type("Distribution", (), {"locate_file": lambda _, name: tmp_path / name})()
        return paths

    monkeypatch.setattr(packaged, "files", files)


def test_the_parts_become_one_folder_and_are_unpacked_once(installed, tmp_path):
    folder = packaged.mpnet_folder(tmp_path / "build" / "mpnet")

    assert (folder / "config.json").read_text() == '{"model_type": "mpnet"}'
    assert (folder / "model.safetensors").read_bytes() == b"weights" * 100
    assert [p.name for p in folder.parent.iterdir()] == ["mpnet"], "nothing else is left behind"
    stamp = folder.stat().st_mtime_ns
    assert packaged.mpnet_folder(folder).stat().st_mtime_ns == stamp


def test_packages_that_are_not_there_are_named(tmp_path, monkeypatch):
    def files(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr(packaged, "files", files)
    with pytest.raises(packaged.PackageMissing, match=r"requirements-teacher\.txt"):
        packaged.mpnet_folder(tmp_path / "mpnet")
    monkeypatch.setattr(packaged, "files", lambda package: [])
    with pytest.raises(packaged.PackageMissing, match="holds no part"):
        packaged.mpnet_folder(tmp_path / "mpnet")


def test_a_folder_or_a_hub_id_is_its_own(tmp_path):
    assert packaged.folder_of("distilbert-base-uncased") == "distilbert-base-uncased"
    assert packaged.folder_of(str(tmp_path)) == str(tmp_path)
    assert packaged.folder_of("minilm") == str(packaged.minilm_folder())
