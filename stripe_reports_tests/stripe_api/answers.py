"""Each call that is made to Stripe's API, with Stripe's documented answer or any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from stripe_reports.errors import StripeReportsError
from stripe_reports.stripe_api import (
    Account,
    StripeApi,
    create_report_run,
    ended_report_runs,
    list_report_runs,
    retrieve_report_run,
)
from stripe_reports_tests.scripted_server import Answer, ScriptedServer
from stripe_reports_tests.stripe_api.conftest import KEY

RUNS = "/v1/reporting/report_runs"
TYPES = "/v1/reporting/report_types"

TYPE = {
    "object": "reporting.report_type", "id": "a.1", "name": "A", "livemode": False, "version": 1,
    "updated": 1, "data_available_start": 1, "data_available_end": 2, "default_columns": ["net"],
}  # fmt: skip
RUN = {
    "object": "reporting.report_run", "id": "frr_1", "report_type": "a.1", "status": "succeeded",
    "livemode": False, "created": 7, "error": None, "succeeded_at": 8,
    "parameters": {"interval_start": 0, "interval_end": 86400, "columns": ["net"]},
    "result": {"object": "file", "id": "file_1", "size": 3, "created": 5, "filename": "x.csv"},
}  # fmt: skip
EVENT = {
    "object": "event", "id": "evt_1", "type": "reporting.report_run.succeeded", "created": 9,
    "livemode": False, "data": {"object": RUN},
}  # fmt: skip


def listed(*data: Any, has_more: bool = False) -> dict[str, Any]:
    return {"object": "list", "url": "/v1/x", "has_more": has_more, "data": list(data)}


@dataclass(frozen=True)
class Call:
    name: str
    method: str
    path: str
    good: dict[str, Any]
    make: Callable[[StripeApi], object]


def _ended(api: StripeApi) -> object:
    return ended_report_runs(api, None, status="succeeded", now=lambda: 10.0).runs


CALLS = [
    Call("account", "GET", "/v1/account", {"object": "account", "id": "acct_1"}, lambda api: Account(api).id),
    Call("list types", "GET", TYPES, listed(TYPE), lambda api: Account(api).report_types()),
    Call("retrieve type", "GET", f"{TYPES}/a.1", TYPE, lambda api: Account(api).report_type("a.1")),
    Call("create", "POST", RUNS, RUN, lambda api: create_report_run(api, "a.1", {}, "key")),
    Call("retrieve", "GET", f"{RUNS}/frr_1", RUN, lambda api: retrieve_report_run(api, "frr_1")),
    Call("list runs", "GET", RUNS, listed(RUN), lambda api: list(list_report_runs(api, created_from=0))),
    Call("events", "GET", "/v1/events", listed(EVENT), _ended),
]
"""Those that another call precedes or follows find its answers in `BESIDE`."""

BESIDE = {"retrieve type": ("GET", TYPES, listed()), "events": ("GET", RUNS, {})}

each_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)


def answered(api: StripeApi, server: ScriptedServer, call: Call, answer: Answer) -> object:
    """Make the call, which the server answers with `answer` only."""
    server.forget()
    server.answers(call.method, call.path, answer)
    if call.name in BESIDE:
        method, path, body = BESIDE[call.name]
        server.answers(method, path, Answer(body))
    return call.make(api)


def is_one_line(error: StripeReportsError) -> bool:
    """Whether the message is one line that is not too long and does not show the key."""
    text = str(error)
    return "\n" not in text and KEY not in text and len(text) < 600
