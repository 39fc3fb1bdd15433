"""A real HTTP server that answers what a test tells it to, for what a healthy Stripe does not do."""

from __future__ import annotations

import io
import json
import os
import socket
import struct
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Answer:
    """`body` is sent as JSON unless it is bytes. `cut`: send only so many bytes, then close the connection,
    reset it, or be silent until the client leaves, as `end` says. `reset`: read the request, then drop the
    connection without an answer. `drip`: send so many bytes a second, of the body or of `all`."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    end: Literal["close", "reset", "silence"] = "close"
    reset: bool = False
    drip: float | None = None
    drips: Literal["body", "all"] = "body"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode(), keep_blank_values=True)


class _Dripping(io.BufferedIOBase):
    def __init__(self, wfile: Any, bytes_a_second: float) -> None:
        self._wfile = wfile
        self._pause = 1 / bytes_a_second

    def write(self, data: Any) -> int:
        for byte in bytes(data):
            self._wfile.write(bytes([byte]))
            self._wfile.flush()
            time.sleep(self._pause)
        return len(data)


Script = Answer | Callable[[Asked], Answer]


class ScriptedServer:
    """Answers of a path are given one after the other; the last one is repeated."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[tuple[str, str], list[Script]] = defaultdict(list)
        self.base = ""
        self.left_by_client = Event()
        """Set once a client has left an answer that ends in silence."""

    def answers(self, method: str, path: str, *answers: Script) -> None:
        self._answers[method, path] += answers

    def forget(self) -> None:
        """What was asked, and all answers."""
        self.asked.clear()
        self._answers.clear()

    def asked_for(self, method: str, path: str) -> list[Asked]:
        return [asked for asked in self.asked if (asked.method, asked.path) == (method, path)]

    def _next(self, asked: Asked) -> Answer:
        script = self._answers.get((asked.method, asked.path))
        if not script:
            text = f"Unrecognized request URL ({asked.method}: {asked.path})."
            return Answer(stripe_error(text), status=404)
        answer = script.pop(0) if len(script) > 1 else script[0]
        return answer if isinstance(answer, Answer) else answer(asked)


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
            asked = Asked(self.command, path, dict(self.headers), body)
            script.asked.append(asked)
            answer = script._next(asked)
            if answer.reset:
                self.close_connection = True
                return
            data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            wfile = self.wfile
            if answer.drip and answer.drips == "all":
                self.wfile = _Dripping(wfile, answer.drip)
            length = {} if "Transfer-Encoding" in answer.headers else {"Content-Length": str(len(data))}
            self.send_response(answer.status)
            for name, value in (length | answer.headers).items():
                self.send_header(name, value)
            self.end_headers()
            if answer.drip:
                self.wfile = _Dripping(wfile, answer.drip)
            self.wfile.write(data if answer.cut is None else data[: answer.cut])
            self.wfile = wfile
            if answer.cut is not None:
                self.close_connection = True
                self._end(answer)

        def _end(self, answer: Answer) -> None:
            if answer.end == "silence":
                self.connection.recv(1)
                script.left_by_client.set()
            elif answer.end == "reset":
                time.sleep(0.02)  # where a reset drops what the client has not read yet, let it read
                # On, for no time: closing sends RST instead of FIN.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                os.close(self.connection.detach())

        do_GET = do_POST = _handle

        def log_message(self, *_: object) -> None:
            """Quiet: what was asked is kept in `asked`."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Quiet: clients that leave early are what tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
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
