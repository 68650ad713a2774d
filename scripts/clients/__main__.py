"""The table of clients, as Markdown: each is run against the service that is named."""

import sys
import tempfile
from pathlib import Path

from scripts.clients import CLIENTS, call


def table(url: str, key: str = "none") -> str:
    """A row for each client, with what it printed. Raises ClientFailed if one of them did not do what it should."""
    rows = ["| client | version | calls | prints |", "|---|---|---|---|"]
    for client in CLIENTS:
        with tempfile.TemporaryDirectory() as folder:
            printed = call(client, url, key, Path(folder)).replace("|", "\\|")
        source = f"[{client.package}](../scripts/clients/programs/{client.program})"
        rows.append(f"| {source} | {client.version} | {client.does} | `{printed}` |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table(*sys.argv[1:3]))
