"""The receiver of Stripe's webhook: an ASGI application that keeps signed events in the lake's inbox."""

from __future__ import annotations

import asyncio
import logging
from functools import cached_property

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from stripe_reports import environment
from stripe_reports.errors import ConfigurationError, LakeError, StripeReportsError, WebhookError
from stripe_reports.lake import open_lake
from stripe_reports.lake.inbox import Inbox
from stripe_reports.stripe_api import Event, read_event
from stripe_reports.webhook import FAILED, REPORT_TYPE_UPDATED, SUCCEEDED

WEBHOOK_PATH = "/stripe/webhook"
REQUEST_SECONDS = 10.0
"""How long a request may take to arrive; Stripe sends one at once."""

_KINDS = {
    "reporting.report_run.succeeded": SUCCEEDED,
    "reporting.report_run.failed": FAILED,
    "reporting.report_type.updated": REPORT_TYPE_UPDATED,
}
"""The inbox's kind for each type of event. An event about a report run is kept under its own id, so that one
that is delivered twice is kept once. An event about a report type is kept under the report type's id, so
that only the latest is kept."""
_MAX_BODY_BYTES = 1 << 20
"""The largest body that is read; Stripe's events have a few thousand bytes."""

_log = logging.getLogger(__name__)


def build_webhook_app(inbox: Inbox, secrets: tuple[str, ...]) -> Starlette:
    """Return the ASGI application: `POST /stripe/webhook` for Stripe, and `GET /healthz`.

    It answers a delivery with 200 only after keeping the event, or if no sensor needs the event; with 400 if
    Stripe did not sign it with one of `secrets`; and with 503 if the lake cannot keep it, so that Stripe
    delivers it again (https://docs.stripe.com/webhooks#behaviors). Raises ConfigurationError for
    secrets that cannot be signing secrets.
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
            _log.warning("webhook: refused a delivery: %s", error)
            # Otherwise the server would go on reading a body that is refused.
            return JSONResponse({"error": str(error)}, 400, {"Connection": "close"})
        kind = _KINDS.get(event.type)
        if kind is not None:
            try:
                await run_in_threadpool(inbox.put, kind, _name(event), body)
            except LakeError as error:
                _log.error("webhook: cannot keep %s; Stripe will deliver it again: %s", _text(event), error)
                return JSONResponse({"error": "the lake cannot keep the event; deliver it again"}, 503)
        _log.info("webhook: %s %s", _text(event), "is kept" if kind else "is ignored: no sensor needs it")
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
    """Return the application with the secrets of STRIPE_WEBHOOK_SECRET, and the lake at `lake_uri` or
    STRIPE_REPORTS_LAKE.

    Raises ConfigurationError if a setting is missing, and LakeError if the lake cannot be listed.
    """
    secrets = environment.webhook_secrets()
    inbox = open_lake(lake_uri or environment.lake_uri()).inbox
    _look_at(inbox)
    return build_webhook_app(inbox, secrets)


class _AppOfEnvironment:
    """The application, built when the server starts, so that importing this file needs no setting."""

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
"""The application for ASGI servers: `uvicorn stripe_reports.webhook.receiver:app`."""


def log_events() -> None:
    """Log a line per delivery, to the standard error unless logging is set up already."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    _log.setLevel(logging.INFO)


async def _body(request: Request) -> bytes:
    declared = request.headers.get("Content-Length", "")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > _MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(REQUEST_SECONDS):  # for servers that have no such limit
            async for chunk in request.stream():
                body += chunk
                if len(body) > _MAX_BODY_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise WebhookError(f"the body did not arrive within {REQUEST_SECONDS:g} seconds") from None
    except ClientDisconnect:
        raise WebhookError("the connection ended before the body did") from None
    return bytes(body)


def _too_large() -> WebhookError:
    return WebhookError(f"the body has more than {_MAX_BODY_BYTES} bytes, more than any event of Stripe")


def _look_at(inbox: Inbox) -> None:
    inbox.names(REPORT_TYPE_UPDATED)  # at most one per report type


def _name(event: Event) -> str:
    if event.report_run is None and event.report_type:
        return event.report_type
    return event.id


def _text(event: Event) -> str:
    about = [event.report_run and f"report run {event.report_run.id}", event.report_type]
    return " ".join([event.type, event.id, *(part for part in about if part)])
