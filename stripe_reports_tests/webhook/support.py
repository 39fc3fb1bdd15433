"""A client of the webhook application, and the events that it has kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
from starlette.types import ASGIApp

from stripe_reports.lake import Inbox
from stripe_reports.webhook.receiver import WEBHOOK_PATH
from stripe_reports_tests.events import body_of, event_object, signature_of

BODY = body_of(event_object())


class Receiver:
    """Asks the application in this process."""

    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx.ASGITransport(app)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def answer() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://receiver") as client:
                return await client.request(method, path, **more)

        return asyncio.run(answer())

    def deliver(
        self, body: bytes, signature: str | None = None, *, content: AsyncIterator[bytes] | None = None
    ) -> httpx.Response:
        headers = {"Stripe-Signature": signature_of(body) if signature is None else signature}
        return self.ask("POST", WEBHOOK_PATH, content=content or body, headers=headers)


def kept_events(inbox: Inbox) -> dict[str, list[str]]:
    kinds = ("succeeded", "failed", "report_type_updated")
    return {kind: names for kind in kinds if (names := inbox.names(kind))}
