"""An event of Stripe's: from a webhook's body, or from a list, to what is known of it here."""

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
    """Something that happened at Stripe (https://docs.stripe.com/api/events/object).

    `created` in Unix seconds. `account` is the connected account that it happened to, if it is one.
    `report_run`, as it was then, is there for `reporting.report_run.*`; `report_type` is its id, of the run
    or of `reporting.report_type.updated`.
    """

    id: str
    type: str
    created: int
    livemode: bool
    account: str | None
    report_run: ReportRun | None
    report_type: str | None


def read_event(body: bytes, signature: str, secrets: Sequence[str]) -> Event:
    """The event that was delivered, once it is sure that Stripe sent these bytes less than five minutes ago.

    `signature` is the header `Stripe-Signature`, which may hold several; `secrets` are those of the endpoint,
    several while one is rolled (https://docs.stripe.com/webhooks#verify-manually). Raises WebhookError.
    """
    text = _text(body)
    if not signature:
        raise WebhookError(
            "there is no header Stripe-Signature: this does not come from Stripe, or a proxy drops the header"
        )
    if not _signed(text, signature, secrets, tolerance=None):
        raise WebhookError(
            "the signature is of none of the webhook secrets: set STRIPE_WEBHOOK_SECRET to the signing secret"
            " of this endpoint, and let no proxy change the body"
        )
    if not _signed(text, signature, secrets, tolerance=_TOLERANCE_SECONDS):
        raise WebhookError(
            f"the signature is older than {_TOLERANCE_SECONDS} seconds: it is a delivery from the past, or"
            " this machine's clock is wrong"
        )
    if _signed_at(signature) > time.time() + _TOLERANCE_SECONDS:  # which the SDK lets pass
        raise WebhookError(
            f"the signature is dated more than {_TOLERANCE_SECONDS} seconds ahead: this machine's clock is"
            " wrong, or it is not from Stripe"
        )
    return _parse(text)


def parse_event(body: bytes) -> Event:
    """The event of a body that was verified when it was kept. Raises WebhookError."""
    return _parse(_text(body))


def event_of(told: object) -> Event:
    """The event that an object of Stripe's tells. Raises ValueError where it is none, or a damaged one."""
    if not isinstance(told, Mapping) or told.get("object") != "event":
        thin = isinstance(told, Mapping) and told.get("object") == "v2.core.event"
        raise ValueError("it is a thin event; let the endpoint send snapshots" if thin else "it is no event")
    type_ = word(told, "type")
    run = report_run_of(_subject(told)) if type_.startswith(_REPORT_RUN) else None
    report_type = run.report_type if run else None
    if type_ == _REPORT_TYPE_UPDATED:
        report_type = word(_subject(told), "id")
    return Event(
        id=word(told, "id"),
        type=type_,
        created=instant(told, "created"),
        livemode=field(told, "livemode", bool),
        account=field(told, "account", str, NoneType),
        report_run=run,
        report_type=report_type,
    )


def _subject(told: Mapping[str, Any]) -> Mapping[str, Any]:
    subject: Mapping[str, Any] = field(field(told, "data", dict), "object", dict)
    return subject


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise WebhookError("the body is no event of Stripe's: it is not UTF-8") from None


def _parse(text: str) -> Event:
    try:
        return event_of(json.loads(text))
    except RecursionError:
        raise WebhookError("the body is no event of Stripe's: it is nested too deeply") from None
    except json.JSONDecodeError:
        raise WebhookError("the body is no event of Stripe's: it is not JSON") from None
    except ValueError as error:
        raise WebhookError(f"the body is no event of Stripe's: {error}") from None


def _signed_at(signature: str) -> int:
    """The stamp that is signed: the first, as the SDK reads it."""
    stamps = (part.partition("=") for part in signature.split(","))
    return next(int(value) for name, _, value in stamps if name == "t")


def _signed(text: str, signature: str, secrets: Sequence[str], *, tolerance: int | None) -> bool:
    return any(_signed_with(secret, text, signature, tolerance) for secret in secrets)


def _signed_with(secret: str, text: str, signature: str, tolerance: int | None) -> bool:
    if not signature.isascii():  # the SDK compares ASCII only
        return False
    try:
        stripe.WebhookSignature.verify_header(text, signature, secret, tolerance)
    except stripe.SignatureVerificationError:  # for a wrong one, and for one that is too old
        return False
    return True
