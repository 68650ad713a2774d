"""Requests as bytes on a socket: what an HTTP client would correct, or could not say."""

import json
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class RawAnswer:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def code(self) -> str:
        return json.loads(self.content)["error"]["code"]


def connect(url: str, timeout: float = 60) -> socket.socket:
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port), timeout=timeout)


def read_answer(connection: socket.socket, *, head: bool = False) -> RawAnswer:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65_536)
        assert piece, f"the connection ended within the headers: {received!r}"
        received += piece
    top, _, content = received.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while not head and len(content) < int(headers.get("content-length", 0)):
        content += connection.recv(65_536)
    return RawAnswer(int(first.split()[1]), headers, content)


def ask(url: str, path: str, headers: list[tuple[str, str]], body: bytes = b"", method: str = "POST") -> RawAnswer:
    """Send exactly these headers, repeated ones too; `host` and `content-length` are added where they are not given."""
    names = {name.lower() for name, _ in headers}
    if "host" not in names:
        headers = [("host", "x"), *headers]
    if not names & {"content-length", "transfer-encoding"}:
        headers = [*headers, ("content-length", str(len(body)))]
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    with connect(url) as connection:
        connection.sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body)
        return read_answer(connection, head=method == "HEAD")
