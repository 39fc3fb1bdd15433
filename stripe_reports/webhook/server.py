"""The server for the webhook's receiver: uvicorn, with a bound on how long a request may take to arrive."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from stripe_reports.errors import ConfigurationError
from stripe_reports.webhook.receiver import REQUEST_SECONDS, WEBHOOK_PATH

_GRACE_SECONDS = 10
"""How long deliveries that are being kept may take when the receiver is stopped."""


def serve_webhook(app: Starlette, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve the application until Ctrl-C or SIGTERM. `on_ready` is called with the address for deliveries.

    Call it in the main thread, which handles signals. Raises ConfigurationError if it cannot listen on the
    port.
    """
    config = uvicorn.Config(
        app,
        http=_BoundedConnection,
        ws="none",
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    with _listen(host, port) as listening:
        # While uvicorn runs, it has its own handlers; afterwards it raises the signal again for these.
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            shown = f"[{host}]" if ":" in host else host
            on_ready(f"http://{shown}:{listening.getsockname()[1]}{WEBHOOK_PATH}")
            server.run(sockets=[listening])
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"the webhook cannot listen on {host} port {port} ({why}); stop the process there, or choose"
            " another with --port"
        ) from error


class _BoundedConnection(H11Protocol):
    """A connection that ends if a request does not arrive in time. uvicorn has no setting for that."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for the first request."""
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        """Start waiting for the next request."""
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._end_wait()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._end_wait()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._give_up)

    def _end_wait(self) -> None:
        if self._deadline:
            self._deadline.cancel()

    def _give_up(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.more_body or cycle.response_complete:  # otherwise the event is being kept
            self.transport.abort()
