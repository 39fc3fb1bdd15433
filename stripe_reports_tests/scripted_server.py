"""A real HTTP server that answers what a test tells it to, for what a healthy Stripe does not do."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Answer:
    """`body` is sent as JSON unless it is bytes. `cut`: send only so many bytes, then drop the connection.
    `reset`: read the request, then drop the connection without an answer."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    reset: bool = False


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode(), keep_blank_values=True)


class ScriptedServer:
    """Answers of a path are given one after the other; the last one is repeated."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[tuple[str, str], list[Answer]] = defaultdict(list)
        self.base = ""

    def answers(self, method: str, path: str, *answers: Answer) -> None:
        self._answers[method, path] += answers

    def asked_for(self, method: str, path: str) -> list[Asked]:
        return [asked for asked in self.asked if (asked.method, asked.path) == (method, path)]

    def _next(self, method: str, path: str) -> Answer:
        script = self._answers.get((method, path))
        if not script:
            text = f"Unrecognized request URL ({method}: {path})."
            return Answer(stripe_error(text), status=404)
        return script.pop(0) if len(script) > 1 else script[0]


def stripe_error(message: str, type_: str = "invalid_request_error", **more: str) -> dict[str, Any]:
    return {"error": {"type": type_, "message": message, **more}}


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    script = ScriptedServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            path = urlsplit(self.path).path
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            script.asked.append(Asked(self.command, path, dict(self.headers), body))
            answer = script._next(self.command, path)
            if answer.reset:
                self.close_connection = True
                return
            data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(data)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data if answer.cut is None else data[: answer.cut])
            self.close_connection = answer.cut is not None

        do_GET = do_POST = _handle

        def log_message(self, *_: object) -> None:
            """Quiet: what was asked is kept in `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
