"""The receiver of Stripe's webhook: what announces report runs and new data is kept in the lake's inbox.

No Dagster has to run for it, so nothing is lost while Dagster is down; sensors read the inbox.
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from functools import cached_property

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from stripe_reports import environment
from stripe_reports.errors import ConfigurationError, LakeError, StripeReportsError, WebhookError
from stripe_reports.lake import Inbox
from stripe_reports.orchestration.inbox import FAILED, REPORT_TYPE_UPDATED, SUCCEEDED
from stripe_reports.orchestration.resources import ReportLakeResource
from stripe_reports.stripe_api import Event, read_event

WEBHOOK_PATH = "/stripe/webhook"

_KINDS = {
    "reporting.report_run.succeeded": SUCCEEDED,
    "reporting.report_run.failed": FAILED,
    "reporting.report_type.updated": REPORT_TYPE_UPDATED,
}
"""Of the inbox, by type of event. A report run's event has its id as name, so that one that is delivered
twice is kept once; of a report type, whose id is the name, only the event that came last is kept."""
_MOST_BYTES = 1 << 20
"""Of a body; Stripe's have a few thousand."""
_REQUEST_SECONDS = 10.0
"""For a request to come whole; Stripe sends one at once."""
_GRACE_SECONDS = 10
"""For deliveries that are being kept when the receiver is stopped."""

_log = logging.getLogger(__name__)


def build_webhook_app(inbox: Inbox, secrets: tuple[str, ...]) -> Starlette:
    """The ASGI application: `POST /stripe/webhook` for Stripe, and `GET /healthz`.

    A delivery is answered with 200 only once it is kept, or is an event of no interest here; with 400 if it
    is not Stripe's, with one of `secrets`; and with 503 if the lake refuses, upon which Stripe delivers it
    again (https://docs.stripe.com/webhooks#behaviors). Raises ConfigurationError for secrets that are none.
    """
    if not secrets or not all(secret.isascii() and secret.isprintable() and secret for secret in secrets):
        raise ConfigurationError(
            "the webhook needs signing secrets (whsec_…) of ASCII letters; copy STRIPE_WEBHOOK_SECRET again"
        )

    async def receive(request: Request) -> JSONResponse:
        try:
            body = await _body(request)
            event = read_event(body, request.headers.get("Stripe-Signature", ""), secrets)
        except WebhookError as error:
            _log.warning("webhook: a delivery is refused: %s", error)
            # The server would go on reading a body that was given up.
            return JSONResponse({"error": str(error)}, 400, {"Connection": "close"})
        kind = _KINDS.get(event.type)
        if kind is not None:
            try:
                await run_in_threadpool(inbox.put, kind, _name(event), body)
            except LakeError as error:
                _log.error("webhook: %s is not kept; Stripe delivers it again: %s", _told(event), error)
                return JSONResponse({"error": "the lake does not take the event; deliver it again"}, 503)
        _log.info("webhook: %s %s", _told(event), "is kept" if kind else "is of no interest here")
        return JSONResponse({"kept": kind is not None})

    async def healthz(_: Request) -> JSONResponse:
        try:
            await run_in_threadpool(_look_at, inbox)
        except LakeError as error:
            _log.error("webhook: %s", error)
            return JSONResponse({"status": "the lake does not answer"}, 503)
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route(WEBHOOK_PATH, receive, methods=["POST"]),
            Route("/healthz", healthz, methods=["GET"]),
        ]
    )


def webhook_app_of_environment(lake_uri: str | None = None) -> Starlette:
    """The same with the secrets of STRIPE_WEBHOOK_SECRET, over the lake at `lake_uri` or STRIPE_REPORTS_LAKE.

    Raises ConfigurationError or LakeError where a setting is missing or the lake cannot be listed.
    """
    secrets = environment.webhook_secrets()
    inbox = ReportLakeResource(uri=lake_uri or environment.lake_uri()).lake.inbox
    _look_at(inbox)
    return build_webhook_app(inbox, secrets)


class _BoundedConnection(H11Protocol):
    """A connection that ends where a request does not come whole in time. uvicorn has no setting for that."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        """Begin to wait for the next one."""
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._end_wait()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._end_wait()
        self._deadline = self.loop.call_later(_REQUEST_SECONDS, self._give_up)

    def _end_wait(self) -> None:
        if self._deadline:
            self._deadline.cancel()

    def _give_up(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.more_body or cycle.response_complete:  # otherwise the lake is at work
            self.transport.abort()


class _AppOfEnvironment:
    """Made when the server starts, so that importing this file needs no setting."""

    @cached_property
    def _app(self) -> Starlette:
        log_events()
        return webhook_app_of_environment()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        await receive()
        try:
            await run_in_threadpool(lambda: self._app)
        except StripeReportsError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


app = _AppOfEnvironment()
"""For ASGI servers: `uvicorn stripe_reports.orchestration.webhook:app`."""


def log_events() -> None:
    """Show a line per delivery, where nobody has set up logging otherwise."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    _log.setLevel(logging.INFO)


def serve_webhook(app: Starlette, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve it until Ctrl-C or SIGTERM, then return. `on_ready` is given the address for deliveries.

    For the main thread, as signals go there. Raises ConfigurationError where the port cannot be had.
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
        # uvicorn has handlers of its own while it runs, and then raises the signal again for these.
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
            f"the webhook cannot listen on {host} port {port} ({why}); stop what listens there or choose"
            " another with --port"
        ) from error


async def _body(request: Request) -> bytes:
    declared = request.headers.get("Content-Length", "")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > _MOST_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(_REQUEST_SECONDS):  # for servers that have no such bound
            async for chunk in request.stream():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise WebhookError(f"the body did not come whole within {_REQUEST_SECONDS:g} seconds") from None
    except ClientDisconnect:
        raise WebhookError("the connection ended within the body") from None
    return bytes(body)


def _too_large() -> WebhookError:
    return WebhookError(f"the body has more than {_MOST_BYTES} bytes, which no event of Stripe's has")


def _look_at(inbox: Inbox) -> None:
    inbox.names(REPORT_TYPE_UPDATED)  # of which there are never more than report types


def _name(event: Event) -> str:
    if event.report_run is None and event.report_type:
        return event.report_type
    return event.id


def _told(event: Event) -> str:
    about = [event.report_run and f"report run {event.report_run.id}", event.report_type]
    return " ".join([event.type, event.id, *(part for part in about if part)])
