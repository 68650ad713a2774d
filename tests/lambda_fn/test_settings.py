import pytest
from pydantic import ValidationError

from lambda_fn.settings import Settings


@pytest.mark.parametrize(
    ("memory", "threads"), [("128", 1), ("512", 1), ("1769", 1), ("3008", 1), ("3538", 2), ("10240", 5)]
)
def test_threads_follow_the_memory_size_that_lambda_sets(monkeypatch, memory, threads):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory)
    monkeypatch.delenv("ORT_THREADS", raising=False)
    assert Settings().threads == threads


def test_threads_can_be_set(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769")
    monkeypatch.setenv("ORT_THREADS", "3")
    assert Settings().threads == 3


@pytest.mark.parametrize(
    ("name", "value"), [("MAX_BATCH_COMMENTS", "0"), ("MAX_TEXT_CHARS", "many"), ("API_AUTH", "open")]
)
def test_a_wrong_value_names_its_variable(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_the_api_key_is_not_printed(monkeypatch):
    monkeypatch.setenv("API_KEY", "s3cret")
    assert "s3cret" not in repr(Settings())
