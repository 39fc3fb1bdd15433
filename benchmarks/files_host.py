"""A files host with one file and a line of a given speed.

`python -m benchmarks.files_host FILE BYTES_PER_SECOND` prints its address and answers until it is stopped.
The sandbox's `slow` files host plays reports of its own, and takes too much of the processor at 200 MB/s.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

_PIECE = 256 << 10
_BURST_SECONDS = 0.02
"""What a line has missed for longer than this, because nobody took it, it does not make up for."""


class ThrottledHost(ThreadingHTTPServer):
    """Answers `GET /v1/files/{any id}/contents` with the file, to anybody."""

    daemon_threads = True

    def __init__(self, file: Path, bytes_per_second: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.file = file
        self.bytes_per_second = bytes_per_second
        self.base = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: ThrottledHost

    def do_GET(self) -> None:
        if not (self.path.startswith("/v1/files/") and self.path.endswith("/contents")):
            self.send_error(404)
            return
        with self.server.file.open("rb") as file:
            self.send_response(200)
            self.send_header("Content-Type", "text/csv")
            self.send_header("Content-Length", str(os.fstat(file.fileno()).st_size))
            self.end_headers()
            self.wfile.flush()
            _send(file, self.connection, self.server.bytes_per_second)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: what is printed is the address."""


def _send(file: BinaryIO, connection: socket.socket, bytes_per_second: float) -> None:
    """A bucket of tokens, one for each byte: filled with time, and as large as the burst."""
    size = max(_PIECE, bytes_per_second * _BURST_SECONDS)
    left, offset = os.fstat(file.fileno()).st_size, 0
    tokens, filled = 0.0, time.monotonic()
    while left:
        now = time.monotonic()
        tokens, filled = min(size, tokens + (now - filled) * bytes_per_second), now
        piece = min(_PIECE, left)
        if tokens < piece:
            time.sleep((piece - tokens) / bytes_per_second)
            continue
        sent = os.sendfile(connection.fileno(), file.fileno(), offset, piece)
        tokens, offset, left = tokens - sent, offset + sent, left - sent


def _main(file: str, bytes_per_second: str) -> None:
    with ThrottledHost(Path(file), float(bytes_per_second)) as host:
        sys.stdout.write(f"{host.base}\n")
        sys.stdout.flush()
        host.serve_forever()


if __name__ == "__main__":
    _main(*sys.argv[1:])
