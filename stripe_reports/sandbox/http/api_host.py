"""The API host: report types, report runs, files, file links, events, the account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from stripe_reports.sandbox.faults import Faults
from stripe_reports.sandbox.http import form
from stripe_reports.sandbox.http.availability import Availability
from stripe_reports.sandbox.http.call import Call, Door, Handler, refuse
from stripe_reports.sandbox.http.error import Refusal, missing, no_such
from stripe_reports.sandbox.http.event import Events, with_event_faults
from stripe_reports.sandbox.http.fault_calls import FaultCalls
from stripe_reports.sandbox.http.file import Files
from stripe_reports.sandbox.http.file_links import FileLinkCalls
from stripe_reports.sandbox.http.idempotency import Answer
from stripe_reports.sandbox.http.paging import PAGE_PARAMS, as_list, page
from stripe_reports.sandbox.http.report_run import ReportRuns
from stripe_reports.sandbox.http.report_type import AccountReportTypes
from stripe_reports.sandbox.http.tampering_calls import TamperingCalls
from stripe_reports.sandbox.tampering import ReportRows


@dataclass(frozen=True)
class ApiHost:
    """The handlers of the API host and what they need."""

    door: Door
    account: str
    report_types: AccountReportTypes
    availability: Availability
    runs: ReportRuns
    files: Files
    events: Events
    faults: Faults
    report_rows: ReportRows

    def app(self) -> Starlette:
        """Return the ASGI application."""
        links = FileLinkCalls(self.files)

        def get(path: str, handler: Handler) -> Route:
            return Route(path, self.door.endpoint(handler), methods=["GET"])

        def post(path: str, handler: Handler) -> Route:
            return Route(path, self.door.endpoint(handler), methods=["POST"])

        return Starlette(
            routes=[
                get("/v1/account", self._account),
                get("/v1/reporting/report_types", self._list_report_types),
                get("/v1/reporting/report_types/{id}", self._retrieve_report_type),
                get("/v1/reporting/report_runs", self._list_report_runs),
                post("/v1/reporting/report_runs", self._create_report_run),
                get("/v1/reporting/report_runs/{id}", self._retrieve_report_run),
                get("/v1/files", self._list_files),
                get("/v1/files/{id}", self._retrieve_file),
                get("/v1/file_links", links.list),
                post("/v1/file_links", links.create),
                get("/v1/file_links/{id}", links.retrieve),
                post("/v1/file_links/{id}", links.update),
                get("/v1/events", self._list_events),
                get("/v1/events/{id}", self._retrieve_event),
                FaultCalls(self.faults).route(),
                TamperingCalls(self.report_rows).route(),
            ],
            exception_handlers={Refusal: refuse, HTTPException: refuse, Exception: refuse},
        )

    def _account(self, call: Call) -> Answer:
        form.only(call.params)
        return 200, {
            "id": self.account,
            "object": "account",
            "business_profile": {"name": "Sandbox", "url": "https://shop.example"},
            "charges_enabled": True,
            "country": "US",
            "default_currency": "usd",
            "details_submitted": True,
            "email": "owner@shop.example",
            "payouts_enabled": True,
            "settings": {
                "dashboard": {"display_name": "Sandbox", "timezone": "Etc/UTC"},
                "payouts": {"schedule": {"delay_days": 2, "interval": "daily"}},
            },
            "type": "standard",
        }

    def _list_report_types(self, call: Call) -> Answer:
        form.only(call.params)
        data = [self.availability.as_object(each) for each in self.report_types.listed()]
        return 200, as_list("/v1/reporting/report_types", data)

    def _retrieve_report_type(self, call: Call) -> Answer:
        form.only(call.params)
        return 200, self.availability.as_object(self.report_types.find(call.ids["id"]))

    def _create_report_run(self, call: Call) -> Answer:
        form.only(call.params, "report_type", "parameters")
        id_ = form.text(call.params, "report_type")
        if not id_:
            raise missing("report_type")
        found = self.report_types.for_run(id_)
        given = form.mapping(call.params, "parameters")
        checked, failure = self.availability.lateness(found).check(given)
        self.runs.check_target(checked.query)
        return 200, self.runs.create(found.id, checked, failure).as_object(self.files)

    def _list_report_runs(self, call: Call) -> Answer:
        form.only(call.params, *PAGE_PARAMS)
        runs, has_more = page(self.runs.newest_first(), call.params, "report run")
        return 200, as_list("/v1/reporting/report_runs", [self.runs.as_object(r) for r in runs], has_more)

    def _retrieve_report_run(self, call: Call) -> Answer:
        form.only(call.params)
        run = self.runs.find(call.ids["id"])
        if run is None:
            raise no_such("report run", call.ids["id"], param="report_run")
        return 200, self.runs.as_object(run)

    def _list_files(self, call: Call) -> Answer:
        form.only(call.params, *PAGE_PARAMS, "purpose")
        self.runs.settle_all()
        wanted = form.text(call.params, "purpose") in (None, "finance_report_run")
        files, has_more = page(self.files.newest_first() if wanted else [], call.params, "file upload")
        return 200, as_list("/v1/files", [self.files.as_object(f) for f in files], has_more)

    def _retrieve_file(self, call: Call) -> Answer:
        form.only(call.params)
        file = self.files.find(call.ids["id"])
        if file is None:
            raise no_such("file upload", call.ids["id"], param="file")
        return 200, self.files.as_object(file)

    def _list_events(self, call: Call) -> Answer:
        form.only(call.params, *PAGE_PARAMS, "type", "types")
        self.runs.settle_all()
        self.availability.settle()
        types = _wanted_types(form.text(call.params, "type"), form.texts(call.params, "types"))
        found = [e for e in self.events.newest_first() if types is None or _matches(e.type, types)]
        events, has_more = page(found, call.params, "event")
        shown = with_event_faults(events, has_more, self.faults) if self.faults.are_set else events
        return 200, as_list("/v1/events", [e.as_object() for e in shown], has_more)

    def _retrieve_event(self, call: Call) -> Answer:
        form.only(call.params)
        event = self.events.find(call.ids["id"])
        if event is None:
            raise no_such("event", call.ids["id"], param="id")
        return 200, event.as_object()


def _wanted_types(one: str | None, several: Sequence[str] | None) -> Sequence[str] | None:
    if one is not None and several is not None:
        raise Refusal("You may pass either `type` or `types`, but not both.", param="type")
    return several if one is None else [one]


def _matches(type_: str, wanted: Sequence[str]) -> bool:
    # `reporting.*` matches everything below `reporting.`, as in Stripe's own examples of `type`.
    return any(type_ == each or (each.endswith("*") and type_.startswith(each[:-1])) for each in wanted)
