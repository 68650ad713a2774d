import io
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import typer
from typer.testing import CliRunner

from training.data.sources import checkouts
from training.data.sources.errors import SourceError
from training.data.sources.registry import SOURCES, read_source

pytestmark = pytest.mark.training
CLONE95 = SOURCES["clone95/crypto_reddit"]


def archive(files: dict[str, str]) -> bytes:
    """A gzipped tar as GitHub serves it, everything under <name>-<revision>/."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(f"crypto_reddit-main/{path}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return raw.getvalue()


@pytest.fixture
def github():
    """A stand-in for codeload.github.com: serves `pages[path]`, or 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = server.pages.get(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.pages = {}
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_download_keeps_only_the_files_that_are_needed(github, tmp_path):
    github.pages["/clone95/crypto_reddit/tar.gz/HEAD"] = archive(
        {"data/raw/daily_thread/CryptoCurrency07-09-2021.txt": "Hold!\n", "Utils.py": "code", "data/x.txt": "no"}
    )

    folder = checkouts.fetch(CLONE95, tmp_path, github.url)

    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["CryptoCurrency07-09-2021.txt"]
    assert [record["text"] for record in read_source(CLONE95.name, folder)] == ["Hold!"]


def test_a_download_that_leads_out_of_its_folder_is_refused(github, tmp_path):
    path = "data/raw/daily_thread/CryptoCurrency/../../../../../../escaped.txt"
    github.pages["/clone95/crypto_reddit/tar.gz/HEAD"] = archive({path: "x"})

    with pytest.raises(SourceError):
        checkouts.fetch(CLONE95, tmp_path / "sources", github.url)

    assert not list(tmp_path.rglob("escaped.txt"))


@pytest.mark.parametrize(
    "body", [None, b"not an archive", archive({"README.md": "moved"}), archive({"a": "b" * 99})[:60]]
)
def test_a_failed_download_names_the_public_address_and_leaves_nothing(github, tmp_path, body):
    if body:
        github.pages["/clone95/crypto_reddit/tar.gz/HEAD"] = body

    with pytest.raises(SourceError, match=r"https://github.com/clone95/crypto_reddit"):
        checkouts.fetch(CLONE95, tmp_path, github.url)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert checkouts.find_checkout(CLONE95, tmp_path) is None


def test_a_refused_connection_says_how_to_go_on_without_the_network(tmp_path):
    with pytest.raises(SourceError, match="Where GitHub is not reachable, copy a checkout"):
        checkouts.fetch(CLONE95, tmp_path, "http://127.0.0.1:1")


def test_a_checkout_is_found_with_or_without_its_owner(tmp_path):
    (tmp_path / "crypto_reddit").mkdir()
    assert checkouts.checkout(CLONE95, tmp_path) == tmp_path / "crypto_reddit"

    (tmp_path / "clone95" / "crypto_reddit").mkdir(parents=True)
    assert checkouts.checkout(CLONE95, tmp_path) == tmp_path / "clone95" / "crypto_reddit"


def test_the_command_lists_what_is_missing_and_how_to_get_it(tmp_path):
    app = typer.Typer()
    app.command()(checkouts.main)

    result = CliRunner().invoke(app, ["--folder", str(tmp_path)])

    assert result.exit_code == 1
    assert "git clone https://github.com/clone95/crypto_reddit" in result.output
