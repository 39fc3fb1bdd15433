"""Report runs as a scripted Stripe says them, and as landing knows them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from stripe_reports.stripe_api import ReportRun, ResultFile
from stripe_reports_tests.scripted_server import Answer, Asked, ScriptedServer, stripe_error

RUNS = "/v1/reporting/report_runs"


def run_object(id_: str = "frr_1", status: str = "pending", **more: Any) -> dict[str, Any]:
    """Stripe's."""
    file = {"object": "file", "id": f"file_{id_}", "size": 3, "created": 5, "filename": "x.csv"}
    return {
        "object": "reporting.report_run", "id": id_, "report_type": "a.1", "status": status,
        "livemode": False, "created": 7, "error": None, "parameters": {},
        "result": file if status == "succeeded" else None,
    } | more  # fmt: skip


def asked_for(asked: Asked) -> dict[str, Any]:
    """What a request for a report run asks for, as Stripe repeats it in the run."""
    parameters: dict[str, Any] = {}
    for name, (value,) in asked.form.items():
        if column := re.fullmatch(r"parameters\[(\w+)\]\[\d+\]", name):
            parameters.setdefault(column[1], []).append(value)
        elif match := re.fullmatch(r"parameters\[(\w+)\]", name):
            parameters[match[1]] = int(value) if value.isdecimal() else value
    return {"report_type": asked.form["report_type"][0], "parameters": parameters}


def made(id_: str = "frr_1", status: str = "pending", **more: Any) -> Callable[[Asked], Answer]:
    """The answer to any request for a report run."""
    return lambda asked: Answer(run_object(id_, status, **asked_for(asked) | more))


def refused(message: str, param: str = "parameters[columns]") -> Answer:
    return Answer(stripe_error(message, param=param), 400)


def known_run(id_: str, created: int, status: str = "succeeded", **more: Any) -> ReportRun:
    """One that was listed."""
    result = ResultFile(f"file_{id_}", 3, created, None) if status == "succeeded" else None
    facts: dict[str, Any] = {"report_type": "a.1", "parameters": {}, "livemode": False, "error": None}
    facts["succeeded_at"] = created if result else None
    return ReportRun(**facts | {"id": id_, "created": created, "status": status, "result": result} | more)


def asked_columns(server: ScriptedServer) -> list[list[str]]:
    """Of each report run that was asked for."""
    return [
        [value for name, (value,) in asked.form.items() if name.startswith("parameters[columns]")]
        for asked in server.asked_for("POST", RUNS)
    ]


def keys(server: ScriptedServer) -> list[str]:
    """The idempotency keys of all report runs that were asked for."""
    return [asked.headers["Idempotency-Key"] for asked in server.asked_for("POST", RUNS)]
