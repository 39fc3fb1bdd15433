"""HTTP answers with a bound on their total time.

The timeout of requests applies to each read, so a server that sends a byte now and then never meets it. Here
all reads of an answer share one bound, from its status line to its last byte.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Callable
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter


class Patience:
    """The time to wait for a server: `seconds` in all, and again after each `for_bytes` that it sends.

    The time between two reads does not count.
    """

    def __init__(self, seconds: float, *, for_bytes: int | None = None) -> None:
        self.seconds = seconds
        self.for_bytes = for_bytes
        self._waited = 0.0
        self._came = 0

    @property
    def left(self) -> float:
        """The seconds that are left; 0 or less if it is over."""
        return self.seconds - self._waited

    def waited(self, seconds: float, came: int) -> None:
        """Count a read that took so many seconds and returned so many bytes."""
        self._waited += seconds
        self._came += came
        if self.for_bytes is not None and self._came >= self.for_bytes:
            self._waited, self._came = 0.0, 0


def patient(session: requests.Session, patience: Callable[[], Patience]) -> requests.Session:
    """Return the session, which from now on calls `patience` for the bound of each answer."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(patience))
    return session


class _Reads(io.RawIOBase):
    """The reads of a socket, bounded by what is left of a patience and by the socket's own timeout."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, patience: Patience) -> None:
        self._raw = raw
        self._sock = sock
        self._patience = patience
        self._each = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._patience.left
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        self._sock.settimeout(left if self._each is None else min(left, self._each))
        began = time.monotonic()
        came = None
        try:
            came = self._raw.readinto(buffer)
        finally:
            self._patience.waited(time.monotonic() - began, came or 0)
        return came

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Adapter(HTTPAdapter):
    def __init__(self, patience: Callable[[], Patience]) -> None:
        self._pools = _pool_classes(patience)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _pool_classes(patience: Callable[[], Patience]) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    class Response(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_Reads(raw, sock, patience()))

    class Connection(urllib3.connection.HTTPConnection):
        response_class = Response

    class TlsConnection(urllib3.connection.HTTPSConnection):
        response_class = Response

    class Pool(urllib3.HTTPConnectionPool):
        ConnectionCls = Connection

    class TlsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    return {"http": Pool, "https": TlsPool}
