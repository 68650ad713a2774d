import pytest

from tests.image import build


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/image/" in item.nodeid:
            item.add_marker(pytest.mark.image)


@pytest.fixture(scope="session")
def image() -> str:
    """The image, built once; skips where the tools are missing."""
    if reason := build.what_is_missing():
        pytest.skip(reason)
    return build.build_image()
