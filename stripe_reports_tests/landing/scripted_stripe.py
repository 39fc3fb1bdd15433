"""A Stripe with one report type, one report run and one result file, which answers as a test tells it."""

from __future__ import annotations

from typing import Any

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.stripe_api import Account, StripeApi
from stripe_reports_tests.scripted_server import Answer, Script, ScriptedServer

CSV = b'"category","description","net_amount","currency"\n"activity","","1.50","usd"\n'
RUNS = "/v1/reporting/report_runs"
CONTENTS = "/v1/files/file_1/contents"
_BALANCE = REPORT_TYPES["balance.summary.1"]


class ScriptedStripe:
    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        api = StripeApi("sk_test_x", api_base=server.base, files_base=server.base, max_network_retries=0)
        self.account = Account(api)

    def has(self, *contents: Script, size: int = len(CSV), **run: Any) -> None:
        report_type = {
            "object": "reporting.report_type", "id": _BALANCE.id, "livemode": False,
            "data_available_start": 0, "data_available_end": 2**31 - 1, "name": "Balance summary",
            "default_columns": ["category", "net_amount"],
        }  # fmt: skip
        file = {"object": "file", "id": "file_1", "size": size, "created": 5, "filename": "other_frr.csv"}
        found = {
            "object": "reporting.report_run", "id": "frr_1", "report_type": _BALANCE.id,
            "status": "succeeded", "livemode": False, "created": 7, "error": None, "parameters": {},
            "result": file,
        } | run  # fmt: skip
        listed = {"object": "list", "url": "/v1/reporting/report_types", "has_more": False}
        self.server.answers("GET", "/v1/reporting/report_types", Answer(listed | {"data": [report_type]}))
        self.server.answers("POST", RUNS, Answer(found))
        self.server.answers("GET", CONTENTS, *(contents or [Answer(CSV)]))
