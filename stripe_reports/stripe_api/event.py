"""A Stripe event, read from a webhook's body or from a list."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

import stripe

from stripe_reports.errors import WebhookError
from stripe_reports.stripe_api.fields import field, instant, word
from stripe_reports.stripe_api.report_run import ReportRun, report_run_of

_TOLERANCE_SECONDS = 300
_REPORT_RUN = "reporting.report_run."
_REPORT_TYPE_UPDATED = "reporting.report_type.updated"


@dataclass(frozen=True, slots=True)
class Event:
    """An event at Stripe (https://docs.stripe.com/api/events/object).

    `created` is in Unix seconds. `account` is the connected account that the event belongs to, if any.
    `report_run` is the run as it was then, for `reporting.report_run.*`. `report_type` is the id of the run's
    report type, or of the report type of `reporting.report_type.updated`.
    """

    id: str
    type: str
    created: int
    livemode: bool
    account: str | None
    report_run: ReportRun | None
    report_type: str | None


def read_event(body: bytes, signature: str, secrets: Sequence[str]) -> Event:
    """Verify that Stripe sent these bytes in the last five minutes, and return their event.

    `signature` is the header `Stripe-Signature`, which may hold several signatures; `secrets` are the
    endpoint's, several while one is being rolled (https://docs.stripe.com/webhooks#verify-manually). Raises
    WebhookError.
    """
    text = _text(body)
    if not signature:
        raise WebhookError(
            "the header Stripe-Signature is missing: the request is not from Stripe, or a proxy removed the"
            " header"
        )
    if not _signed(text, signature, secrets, tolerance=None):
        raise WebhookError(
            "the signature matches none of the webhook secrets: set STRIPE_WEBHOOK_SECRET to the signing"
            " secret of this endpoint, and make sure that no proxy changes the body"
        )
    if not _signed(text, signature, secrets, tolerance=_TOLERANCE_SECONDS):
        raise WebhookError(
            f"the signature is older than {_TOLERANCE_SECONDS} seconds: somebody repeats an old delivery, or"
            " this machine's clock is wrong"
        )
    if _signed_at(signature) > time.time() + _TOLERANCE_SECONDS:  # the SDK accepts these
        raise WebhookError(
            f"the signature is dated more than {_TOLERANCE_SECONDS} seconds ahead: this machine's clock is"
            " wrong, or the request is not from Stripe"
        )
    return _parse(text)


def parse_event(body: bytes) -> Event:
    """Return the event of a body that was verified when it was stored. Raises WebhookError."""
    return _parse(_text(body))


def event_of(obj: object) -> Event:
    """Return the event of a Stripe object. Raises ValueError if it is not an event or is damaged."""
    if not isinstance(obj, Mapping) or obj.get("object") != "event":
        thin = isinstance(obj, Mapping) and obj.get("object") == "v2.core.event"
        raise ValueError(
            "it is a thin event; set the endpoint to send snapshots" if thin else "it is not an event"
        )
    type_ = word(obj, "type")
    run = report_run_of(_subject(obj)) if type_.startswith(_REPORT_RUN) else None
    report_type = run.report_type if run else None
    if type_ == _REPORT_TYPE_UPDATED:
        report_type = word(_subject(obj), "id")
    return Event(
        id=word(obj, "id"),
        type=type_,
        created=instant(obj, "created"),
        livemode=field(obj, "livemode", bool),
        account=field(obj, "account", str, NoneType),
        report_run=run,
        report_type=report_type,
    )


def _subject(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    subject: Mapping[str, Any] = field(field(obj, "data", dict), "object", dict)
    return subject


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise WebhookError("the body is not a Stripe event: it is not UTF-8") from None


def _parse(text: str) -> Event:
    try:
        return event_of(json.loads(text))
    except RecursionError:
        raise WebhookError("the body is not a Stripe event: it is nested too deeply") from None
    except json.JSONDecodeError:
        raise WebhookError("the body is not a Stripe event: it is not JSON") from None
    except ValueError as error:
        raise WebhookError(f"the body is not a Stripe event: {error}") from None


def _signed_at(signature: str) -> int:
    """Return the signed time: the first one, as in the SDK."""
    stamps = (part.partition("=") for part in signature.split(","))
    return next(int(value) for name, _, value in stamps if name == "t")


def _signed(text: str, signature: str, secrets: Sequence[str], *, tolerance: int | None) -> bool:
    return any(_signed_with(secret, text, signature, tolerance) for secret in secrets)


def _signed_with(secret: str, text: str, signature: str, tolerance: int | None) -> bool:
    if not signature.isascii():  # the SDK compares ASCII only
        return False
    try:
        stripe.WebhookSignature.verify_header(text, signature, secret, tolerance)
    except stripe.SignatureVerificationError:  # wrong, or too old
        return False
    return True
