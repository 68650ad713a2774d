"""Who opens a Reddit dump: a .zst whose frame declares a window of 2 GiB (`zstd --long=31`)."""

import io

import pytest

zstandard = pytest.importorskip("zstandard", reason="zstandard is not installed")

LINE = b'{"id":"a","body":"moon"}\n'


def frame(window_log: int) -> bytes:
    """LINE in a frame that declares a window of 2 ** window_log bytes, as a stream of unknown length does."""
    parameters = zstandard.ZstdCompressionParameters(window_log=window_log)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = compressor.compress(LINE) + compressor.flush()
    assert zstandard.get_frame_parameters(data).window_size == 2**window_log
    return data


@pytest.mark.library(
    "zstandard 0.25.0",
    guess="a decompressor opens what a compressor of the same library writes",
    seen="windows above 128 MiB are refused by default, and opened with max_window_size=2**31",
    so="a reader of dumps has to allow 2 GiB itself, as crypto_sentiment/files does",
)
def test_zstandard_opens_large_windows_only_when_told():
    assert zstandard.ZstdDecompressor().stream_reader(io.BytesIO(frame(27))).read() == LINE
    with pytest.raises(zstandard.ZstdError, match="too much memory"):
        zstandard.ZstdDecompressor().stream_reader(io.BytesIO(frame(28))).read()
    told = zstandard.ZstdDecompressor(max_window_size=2**31)
    assert told.stream_reader(io.BytesIO(frame(31))).read() == LINE


def with_duckdb(path):
    return pytest.importorskip("duckdb", reason="duckdb is not installed").sql(f"SELECT * FROM read_json('{path}')")


def with_pyarrow(path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    return pyarrow.CompressedInputStream(pyarrow.OSFile(str(path)), "zstd").read()


def with_polars(path):
    return pytest.importorskip("polars", reason="polars is not installed").scan_ndjson(path).collect()


@pytest.mark.library(
    "duckdb 2.0.1, pyarrow 26.0.1, polars 2.1.0",
    guess="at least one of the three opens Reddit's dumps",
    seen="none of them opens a window of 2 GiB, and none has a setting for it",
    so="the dumps are read by zstandard, and what goes to these three is decompressed or has small windows",
)
@pytest.mark.parametrize("reader", [with_duckdb, with_pyarrow, with_polars])
def test_no_table_library_opens_a_reddit_dump(tmp_path, reader):
    small, dump = tmp_path / "small.jsonl.zst", tmp_path / "dump.jsonl.zst"
    small.write_bytes(frame(27))
    dump.write_bytes(frame(31))
    assert reader(small) is not None
    with pytest.raises(Exception, match="too much memory"):
        reader(dump)
