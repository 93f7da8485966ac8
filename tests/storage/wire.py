"""A relay to PostgreSQL that can be cut at a chosen moment."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import parse_qs, quote, urlsplit


class Wire:
    """Relays between clients and the server of a URL; `url` is the one to connect to.

    `cut`: at the next COMMIT, lose the connection before the server hears of it, or after it has answered but before
    the client hears of that. `dead`: take no connections.
    """

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        self._server = Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432"
        folder.mkdir(exist_ok=True)
        self.url = f"postgresql://postgres@{parts.path}?host={quote(str(folder), safe='')}"
        self.cut: Literal["", "before", "after"] = ""
        self.dead = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.dead:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
                link = _Link(self, client, server)
                threading.Thread(target=link.forward, daemon=True).start()
                threading.Thread(target=link.back, daemon=True).start()


class _Link:
    def __init__(self, wire: Wire, client: socket.socket, server: socket.socket) -> None:
        self.wire = wire
        self.client = client
        self.server = server
        self.cut_next_answer = False

    def forward(self) -> None:
        with contextlib.suppress(OSError):
            while data := self.client.recv(65536):
                if b"COMMIT" in data and self.wire.cut:
                    if self.wire.cut == "before":
                        self.wire.cut = ""
                        break
                    self.wire.cut = ""
                    self.cut_next_answer = True
                self.server.sendall(data)
        self.end()

    def back(self) -> None:
        with contextlib.suppress(OSError):
            while data := self.server.recv(65536):
                if self.cut_next_answer:
                    break
                self.client.sendall(data)
        self.end()

    def end(self) -> None:
        for one in (self.client, self.server):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
                one.close()
