"""Events as Stripe tells them, and their deliveries as Stripe signs them."""

from __future__ import annotations

import json
import time
from typing import Any

import stripe

SECRET = "whsec_of_the_test"


def run_object(id_: str = "frr_1", status: str = "succeeded", **more: Any) -> dict[str, Any]:
    file = {"object": "file", "id": f"file_{id_}", "size": 3, "created": 5, "filename": "x.csv"}
    succeeded = status == "succeeded"
    return {
        "object": "reporting.report_run", "id": id_, "report_type": "balance.summary.1", "status": status,
        "livemode": False, "created": 7, "succeeded_at": 9 if succeeded else None,
        "error": "It broke." if status == "failed" else None, "result": file if succeeded else None,
        "parameters": {"interval_start": 0, "interval_end": 86400, "columns": ["net"]},
    } | more  # fmt: skip


def type_object(id_: str = "balance.summary.1") -> dict[str, Any]:
    return {"object": "reporting.report_type", "id": id_, "livemode": False, "data_available_end": 86400}


def event_object(
    type_: str = "reporting.report_run.succeeded", id_: str = "evt_1", **more: Any
) -> dict[str, Any]:
    """About a report run, a report type or a customer, as the type says; `subject` for another."""
    match type_.split("."):
        case ["reporting", "report_run", status]:
            subject = run_object(status=status)
        case ["reporting", "report_type", _]:
            subject = type_object()
        case _:
            subject = {"object": "customer", "id": "cus_1"}
    return {
        "object": "event", "id": id_, "type": type_, "created": 11, "livemode": False,
        "api_version": "2026-08-26", "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None},
        "data": {"object": more.pop("subject", subject)},
    } | more  # fmt: skip


def body_of(event: dict[str, Any]) -> bytes:
    return json.dumps(event, indent=2).encode()


def signature_of(body: bytes, secret: str = SECRET, *, age: int = 0) -> str:
    """The header, made by Stripe's SDK."""
    header: str = stripe.WebhookSignature.generate_signature_header(  # type: ignore[no-untyped-call]
        body.decode(), secret, int(time.time()) - age
    )
    return header
