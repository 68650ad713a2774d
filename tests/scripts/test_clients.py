"""Clients of others, from their own packages, call the service, which asks them for its key."""

import shutil

import pytest

from scripts.clients import CLIENTS, GENERATED, GENERATOR, NODE_MODULES, PROGRAMS, ClientFailed, call
from tests.conftest import API_KEY


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.program)
def test_a_client_prints_what_it_has_to(client, keyed_server, tmp_path):
    program = {".sh": "curl", ".mjs": "node", ".ts": "node"}.get("." + client.program.rpartition(".")[2])
    needed = "aws" if client.package == "aws-cli" else program
    if needed and shutil.which(needed) is None:
        pytest.skip(f"{needed} is not installed")
    if program == "node" and not (NODE_MODULES / ".ready").exists():
        pytest.skip("the clients' packages are not installed: make scripts/clients/node_modules/.ready")
    if client.program == GENERATED and not (GENERATOR / "python").exists():
        pytest.skip("the generator is not installed: make .venv-clients/.ready")
    call(client, keyed_server, API_KEY, tmp_path)
    assert client.version


def test_every_program_is_a_client_of_the_table():
    assert {client.program for client in CLIENTS} == {path.name for path in PROGRAMS.iterdir() if path.is_file()}


def test_a_client_with_another_key_fails(keyed_server, tmp_path):
    with pytest.raises(ClientFailed, match="wrong_api_key"):
        call(CLIENTS[0], keyed_server, "another", tmp_path)
