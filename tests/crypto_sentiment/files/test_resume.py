"""Killed at any moment, the same command goes on and ends with the same bytes."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.comments import crowd

COMMAND = [sys.executable, "-m", "crypto_sentiment", "score"]
KILLS = int(os.environ.get("KILLS", "2"))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Few comments in several chunks: long notes fill them. Some cannot be scored."""
    path = tmp_path_factory.mktemp("in") / "comments.jsonl"
    noted = crowd(1200, distinct=True, note="x" * 20_000)
    rows = [*crowd(40), {"id": "bad", "text": ""}, {"id": "gone", "text": "[deleted]"}, *noted]
    path.write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    return path


def start(*arguments, **options) -> subprocess.Popen:
    command = [*COMMAND, *map(str, arguments)]
    # a test run in the background ignores Ctrl-C, and its children would too
    return subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )


def finish(*arguments, status: int = 3) -> str:
    process = start(*arguments)
    _, said = process.communicate(timeout=250)
    assert process.returncode == status, said
    assert "Traceback" not in said
    return said


def wait_for_a_chunk(output, process, chunks: int = 1) -> None:
    """Until the journal beside `output` holds chunks."""
    journal = output.with_name(output.name + ".partial") / "journal.jsonl"
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if journal.exists() and journal.read_bytes().count(b"\n") > chunks:
            return
        time.sleep(0.01)
    raise AssertionError(f"no chunk was scored: {process.communicate()[1]}")


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv.gz", "out.parquet"])
def test_killed_again_and_again_it_ends_with_the_same_bytes(tmp_path, source, name):
    chance = random.Random(name)
    (tmp_path / "whole").mkdir()
    began = time.monotonic()
    finish(source, tmp_path / "whole" / name, "--workers", 2)
    took = time.monotonic() - began
    output = tmp_path / name
    for _ in range(KILLS):
        process = start(source, output, "--workers", chance.choice((1, 2)))
        time.sleep(chance.uniform(0, took))  # at any moment: of starting, scoring, writing, or when all is done
        process.kill()
        process.communicate()
        assert not output.exists() or output.read_bytes() == (tmp_path / "whole" / name).read_bytes()
    finish(source, output)
    assert output.read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "whole"])


@pytest.mark.parametrize("cut", [1, 40])
def test_a_journal_cut_off_anywhere_costs_its_last_chunk_only(tmp_path, source, cut):
    whole, output = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    finish(source, whole)
    process = start(source, output, "--workers", 1)
    wait_for_a_chunk(output, process, 2)
    process.kill()
    process.communicate()
    for name in ("journal.jsonl", "lines.zst"):
        path = tmp_path / "out.jsonl.partial" / name
        os.truncate(path, path.stat().st_size - cut)
    said = finish(source, output)
    assert "Going on after" in said
    assert output.read_bytes() == whole.read_bytes()


def test_after_an_interrupt_the_counts_are_of_the_whole(tmp_path, source):
    output = tmp_path / "out.jsonl"
    process = start(source, output, "--workers", 2)
    wait_for_a_chunk(output, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Run the same command again" in said
    assert "Traceback" not in said
    said = finish(source, output)
    assert "Going on after" in said
    assert "1,242 comments in" in said
    assert "2 of 1,242 comments could not be scored: 1 empty, 1 deleted" in said


def test_a_killed_run_leaves_no_process_behind(tmp_path, source):
    import psutil

    process = start(source, tmp_path / "out.jsonl", "--workers", 2)
    wait_for_a_chunk(tmp_path / "out.jsonl", process)
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive


def test_a_scoring_process_that_dies_is_one_line(tmp_path, source):
    import psutil

    process = start(source, tmp_path / "out.jsonl", "--workers", 2)
    wait_for_a_chunk(tmp_path / "out.jsonl", process)
    workers = [c for c in psutil.Process(process.pid).children() if "resource_tracker" not in " ".join(c.cmdline())]
    workers[0].kill()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "a scoring process ended by itself" in said
    assert "Traceback" not in said


def test_a_second_process_on_the_same_output_is_told_and_harms_nothing(tmp_path, source):
    output = tmp_path / "out.jsonl"
    first = start(source, output, "--workers", 1)
    wait_for_a_chunk(output, first)
    first.send_signal(signal.SIGSTOP)  # else it might be done before the second has begun
    said = finish(source, output, status=1)
    first.send_signal(signal.SIGCONT)
    assert "another process is writing" in said
    _, said = first.communicate(timeout=250)
    assert first.returncode == 3, said
    assert output.read_bytes().count(b"\n") == 1242


def test_a_source_that_changed_keeps_only_what_is_still_the_same(tmp_path, source):
    changed, whole, output = tmp_path / "in.jsonl", tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    lines = source.read_bytes().splitlines(keepends=True)
    changed.write_bytes(b"".join(lines))
    process = start(changed, output, "--workers", 1)
    wait_for_a_chunk(output, process, 3)
    process.kill()
    process.communicate()
    lines[700] = json.dumps({"id": "new", "text": "Something else altogether"}).encode() + b"\n"
    changed.write_bytes(b"".join(lines[:1100]))
    finish(changed, whole)
    said = finish(changed, output)
    assert 0 < int(re.search(r"Going on after (\d+) comments", said)[1]) <= 700
    assert output.read_bytes() == whole.read_bytes()


def test_other_options_begin_again(tmp_path, source):
    output = tmp_path / "out.jsonl"
    process = start(source, output, "--workers", 1)
    wait_for_a_chunk(output, process)
    process.kill()
    process.communicate()
    said = finish(source, output, "--keep-deleted")
    assert "Going on after" not in said
    assert b"text_deleted" not in output.read_bytes()


def test_standard_input_can_be_gone_on_with(tmp_path, source):
    output = tmp_path / "out.jsonl"
    with source.open("rb") as stdin:
        process = start("-", output, "--workers", 1, stdin=stdin)
        wait_for_a_chunk(output, process)
        process.kill()
        process.communicate()
    with source.open("rb") as stdin:
        process = start("-", output, stdin=stdin)
        _, said = process.communicate(timeout=250)
    assert process.returncode == 3
    assert "Going on after" in said
    assert output.read_bytes().count(b"\n") == 1242


def test_what_came_before_damage_is_kept_and_a_mended_file_goes_on(tmp_path):
    import gzip

    content = b"".join(
        json.dumps({**row, "note": random.Random(n).randbytes(200).hex()}).encode() + b"\n"
        for n, row in enumerate(crowd(3000))
    )
    whole = gzip.compress(content)
    path, output = tmp_path / "in.jsonl.gz", tmp_path / "out.csv"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    said = finish(path, output, status=1)
    assert "in.jsonl.gz: damaged gzip after" in said
    assert "out.incomplete.csv" in said
    kept = (tmp_path / "out.incomplete.csv").read_bytes().count(b"\r\n") - 1
    assert 2000 < kept < 2300
    assert not output.exists()
    path.write_bytes(whole)
    assert "Going on after 2,048" in finish(path, output, status=0)
    assert output.read_bytes().count(b"\r\n") == 3001
