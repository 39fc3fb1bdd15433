"""A Stripe with one report type, whose report runs and result files are as a test tells it."""

from __future__ import annotations

import time
from typing import Any

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.stripe_api import Account, StripeApi
from stripe_reports_tests.landing.report_runs import asked_for
from stripe_reports_tests.scripted_server import Answer, Asked, Script, ScriptedServer

CSV = b'"category","description","net_amount","currency"\n"activity","","1.50","usd"\n'
RUNS = "/v1/reporting/report_runs"
CONTENTS = "/v1/files/file_1/contents"
_BALANCE = REPORT_TYPES["balance.summary.1"]


class ScriptedStripe:
    """Each idempotency key is a run of its own, `frr_1`, `frr_2` and so on, with its own file."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        api = StripeApi(
            "sk_test_x",
            api_base=server.base,
            files_base=server.base,
            max_network_retries=0,
            calls_per_second=1000,
        )
        self.account = Account(api)

    def has(self, *contents: Script, size: int = len(CSV), **run: Any) -> None:
        """`contents` are what files are asked for, one answer after the other; `run` is said of each run."""
        report_type = {
            "object": "reporting.report_type", "id": _BALANCE.id, "livemode": False,
            "data_available_start": 0, "data_available_end": 2**31 - 1, "name": "Balance summary",
            "default_columns": ["category", "net_amount"],
        }  # fmt: skip
        scripts = list(contents or [Answer(CSV)])
        runs: dict[str, dict[str, Any]] = {}

        def contents_of(asked: Asked) -> Answer:
            script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
            return script if isinstance(script, Answer) else script(asked)

        def make(asked: Asked) -> Answer:
            key = asked.headers["Idempotency-Key"]
            if key not in runs:
                number = len(runs) + 1
                runs[key] = found = (
                    self._run(f"file_{number}", size) | {"id": f"frr_{number}"} | asked_for(asked) | run
                )
                self.server.answers("GET", f"{RUNS}/{found['id']}", Answer(found))
                self.server.answers("GET", f"/v1/files/file_{number}/contents", contents_of)
            return Answer(runs[key])

        listed = {"object": "list", "url": "/v1/reporting/report_types", "has_more": False}
        none = {"object": "list", "url": RUNS, "has_more": False, "data": []}
        self.server.answers("GET", "/v1/reporting/report_types", Answer(listed | {"data": [report_type]}))
        self.server.answers("GET", RUNS, Answer(none))
        self.server.answers("POST", RUNS, make)

    def _run(self, file: str, size: int) -> dict[str, Any]:
        return {
            "object": "reporting.report_run", "report_type": _BALANCE.id, "status": "succeeded",
            "livemode": False, "created": int(time.time()), "error": None, "parameters": {},
            "result": {
                "object": "file", "id": file, "size": size, "created": 5, "filename": "other_frr.csv",
            },
        }  # fmt: skip
