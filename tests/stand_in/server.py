"""The stand-in's HTTP: one server for all platforms, told apart by their paths."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.stand_in import graph, tiktok, twitter
from tests.stand_in.limits import FixedWindow, RollingWindow
from tests.stand_in.posts import StandInPost
from tests.stand_in.wire import Asked, Reply


class StandIn:
    """Serves on a loopback port from entry to exit; what it was asked and refused can be read at any time."""

    def __init__(
        self, posts: Iterable[StandInPost] = (), *, clock: Callable[[], float] = time.time, port: int = 0
    ) -> None:
        """`clock`: Unix seconds, by which limits are enforced. Posts that are not given are invented."""
        self.posts = {post.id: post for post in posts}
        self.revoked: set[str] = set()
        """Tokens that are no good."""
        self.calls: Counter[str] = Counter()
        """Calls that were served, by limit."""
        self.asked: list[Asked] = []
        self.replies: list[Reply] = []
        """Answered before anything else, one a call."""
        self.graph = RollingWindow(200, 3600)
        self.twitter = FixedWindow(300, 900)
        self.tiktok = RollingWindow(600, 60)
        self._clock = clock
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="stand-in", daemon=True)

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def settings(self) -> dict[str, str]:
        """The settings that make a suite ask it instead of the platforms."""
        return {f"{name}_url": self.url for name in ("instagram", "facebook", "twitter", "tiktok")}

    @property
    def refused_for_rate(self) -> int:
        """Calls beyond a limit."""
        return self.graph.refused + self.twitter.refused + self.tiktok.refused

    def reply(self, method: str, target: str, bearer: str, raw: bytes) -> Reply:
        """What a call is answered."""
        address = urlsplit(target)
        parameters = dict(parse_qsl(address.query))
        token = parameters.pop("access_token", "") or bearer.removeprefix("Bearer ")
        body = json.loads(raw) if raw else None
        with self._lock:
            asked = Asked(method, address.path, parameters, token, body, self._clock())
            self.asked.append(asked)
            return self.replies.pop(0) if self.replies else self._answer(asked)

    def _answer(self, asked: Asked) -> Reply:
        name, module, limit, wanted = self._platform(asked.path)
        if module is None or asked.method != wanted:
            return Reply(404, {"error": "nothing is here"})
        self.calls[name] += 1
        return module.answer(asked, limit, self._find, self._is_valid)  # type: ignore[no-any-return]

    def _platform(self, path: str) -> tuple[str, Any, Any, str]:
        if path.startswith(graph.VERSION):
            return "graph", graph, self.graph, "GET"
        if path == "/2/tweets":
            return "twitter", twitter, self.twitter, "GET"
        if path == "/v2/video/query/":
            return "tiktok", tiktok, self.tiktok, "POST"
        return "", None, None, ""

    def _find(self, id: str) -> StandInPost:
        post = self.posts.get(id) or self.posts.setdefault(id, StandInPost.invented(id, self._clock()))
        post.asked += 1
        return post

    def _is_valid(self, token: str) -> bool:
        return bool(token) and token not in self.revoked


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: two of them wait for each other
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            reply = stand_in.reply(self.command, self.path, self.headers.get("authorization", ""), raw)
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"content-type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: tests look at what was asked."""

    return Handler
