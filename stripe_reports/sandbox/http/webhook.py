"""The webhook endpoint of the account, to which events are delivered as they happen."""

from __future__ import annotations

import hmac
import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Event as Flag
from threading import Thread
from urllib.parse import SplitResult, urlsplit

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox.faults import Faults, Occasion
from stripe_reports.sandbox.http.event import Event, Events

_log = logging.getLogger(__name__)
_TICK = 0.05
"""How many seconds pass between two checks for due runs."""
_TIMEOUT = 5.0
_PAUSES = (0.2, 0.4, 0.8, 1.6)
"""The seconds between attempts. Stripe retries for three days; a test's receiver answers soon or never."""
_WRONG_SECRET = "whsec_of_another_endpoint"  # noqa: S105


def signature(body: bytes, secret: str, signed_at: int) -> str:
    """Return the header `Stripe-Signature` (https://docs.stripe.com/webhooks#verify-manually)."""
    digest = hmac.new(secret.encode(), f"{signed_at}.".encode() + body, sha256).hexdigest()
    return f"t={signed_at},v1={digest}"


class Webhook:
    """A thread that completes due runs and delivers their events.

    Deliveries are sent one after the other. Without a 2xx answer, a delivery is repeated a few times, with a
    new signature each time, and then dropped and logged. The time in a signature is this machine's, not the
    sandbox's clock, because receivers compare it with their own.
    """

    def __init__(
        self, url: str, secret: str, *, settle_all: Callable[[], None], events: Events, faults: Faults
    ) -> None:
        """Raise ConfigurationError for an address that is not http(s)."""
        self._parts = _parts(url)
        self._secret = secret
        self._settle_all = settle_all
        self._events = events
        self._faults = faults
        self._held: list[tuple[float, Event]] = []
        self._stopped = Flag()
        self._thread = Thread(target=self._run, name="stripe-reports-sandbox-webhook", daemon=True)

    def start(self) -> None:
        """Start delivering."""
        self._thread.start()

    def stop(self) -> None:
        """Drop what is not delivered yet, and return when the current delivery has ended."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        seen = 0
        while not self._stopped.wait(_TICK):
            self._settle_all()
            new = self._events.since(seen)
            seen += len(new)
            for event in new:
                self._take_on(event)
            if self._held and time.monotonic() >= self._held[0][0]:
                self._deliver_held()

    def _take_on(self, event: Event) -> None:
        if unordered := self._faults.take("webhook_unordered", _occasion(event)):
            self._held.append((time.monotonic() + unordered["seconds"], event))
            return
        self._deliver(event)
        self._deliver_held()

    def _deliver_held(self) -> None:
        while self._held:  # the newest first
            self._deliver(self._held.pop()[1])

    def _deliver(self, event: Event) -> None:
        occasion = _occasion(event)
        wrong = self._faults.take("webhook_wrong_secret", occasion)
        stale = self._faults.take("webhook_stale", occasion)
        duplicate = self._faults.take("webhook_duplicate", occasion)
        body = json.dumps({**event.as_object(), "pending_webhooks": 1}, indent=2).encode()
        for _ in range(duplicate["times"] if duplicate else 1):
            self._send(
                body,
                secret=_WRONG_SECRET if wrong else self._secret,
                age=stale["seconds"] if stale else 0,
                what=f"{event.type} {event.id}",
            )

    def _send(self, body: bytes, *, secret: str, age: int, what: str) -> None:
        problem = ""
        for pause in (*_PAUSES, None):
            try:
                status = self._post(body, signature(body, secret, int(time.time()) - age))
            except (OSError, HTTPException) as error:
                problem = str(error) or type(error).__name__
            else:
                if 200 <= status < 300:
                    return
                problem = f"status {status}"
            if pause is None or self._stopped.wait(pause):
                break
        if not self._stopped.is_set():
            _log.warning("webhook %s: %s was not delivered (%s)", self._parts.netloc, what, problem)

    def _post(self, body: bytes, signed: str) -> int:
        connect = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
        connection = connect(self._parts.hostname or "", self._parts.port, timeout=_TIMEOUT)
        target = self._parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signed,
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        try:
            connection.request("POST", target, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()


def _parts(url: str) -> SplitResult:
    with suppress(ValueError):  # an invalid port
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    raise ConfigurationError(f"the webhook's address must be like http://127.0.0.1:8000/webhook, not {url!r}")


def _occasion(event: Event) -> Occasion:
    of_run = event.subject.get("report_type")
    return Occasion(report_type=str(event.subject["id"] if of_run is None else of_run))
