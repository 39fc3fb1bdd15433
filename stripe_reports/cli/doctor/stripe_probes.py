"""The doctor's probes of Stripe: the key, its permissions, the account, its reports, the clock."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from stripe_reports.catalog import REPORT_TYPES, ReportType, day_interval, newest_ready_day
from stripe_reports.cli.doctor.finding import Finding, failed, ok, unknown, warning
from stripe_reports.cli.doctor.probing import Probe
from stripe_reports.errors import StripeReportsError
from stripe_reports.stripe_api import (
    Account,
    OfferedReportType,
    StripeApi,
    clock_lead,
    kind_of,
    may_read,
    mode_of,
    reach_files_host,
)
from stripe_reports.wording import some

_MOST_NAMED = 10
_CLOCK_WARNS, _CLOCK_FAILS = 30.0, 300.0
"""Seconds. The webhook refuses signatures that differ by more than five minutes."""
_KEYS = "https://dashboard.stripe.com/apikeys"
_PERMISSIONS = {
    "report runs": (
        "Reporting: write",
        True,
        "report runs are listed; nothing but creating one shows that the key may do so",
    ),
    "files": ("Files: read", True, "files are listed"),
    "events": ("Events: read", False, "events are listed"),
}
"""By what is listed: the permission, whether landing needs it, and what a list shows."""


def quick_account(key: str) -> Account:
    """Return the account of a key, which is asked without long pauses. Raises ConfigurationError."""
    return Account(
        StripeApi(key, max_network_retries=1, rate_limit_attempts=2, trouble_attempts=1, timeout_seconds=10.0)
    )


def probes_without_account(why: str) -> list[Probe]:
    """Return the probes where the key cannot be used, `why` not."""

    def not_asked(name: str) -> Probe:
        return Probe(name, lambda: [unknown(name, "not asked: there is no usable key")])

    names = ["server", *_PERMISSIONS, "account", "files host", "clock", "selected reports", "data"]
    return [Probe("key", lambda: [failed("key", why)]), *map(not_asked, names)]


class StripeProbes:
    """The probes that ask Stripe. The key of the account is that of `variable`; they never show it."""

    def __init__(self, account: Account, variable: str, selected: Sequence[ReportType]) -> None:
        self._account = account
        self._api = account.api
        self._variable = variable
        self._selected = selected

    @property
    def probes(self) -> list[Probe]:
        """The probes, in the order of the report."""
        return [
            Probe("key", self._look_at_key),
            Probe("server", self._look_at_server),
            *(Probe(name, partial(self._read, name)) for name in _PERMISSIONS),
            Probe("account", self._look_at_account),
            Probe("files host", self._reach_files),
            Probe("clock", self._compare_clocks),
            Probe("selected reports", self._compare_selection),
            Probe("data", self._look_at_data),
        ]

    def _look_at_key(self) -> Iterator[Finding]:
        key = self._api.api_key
        if (kind := kind_of(key)) and (mode := mode_of(key)):
            yield ok("key", f"{self._variable} is a {kind} key of {mode} mode")
        elif key.startswith("pk_"):
            yield failed("key", f"{self._variable} is a publishable key", f"take another from {_KEYS}")
        else:
            yield warning("key", f"{self._variable} does not begin like a secret or restricted key")

    def _look_at_server(self) -> Iterator[Finding]:
        began = time.monotonic()
        offered = self._offered()
        took = f"{time.monotonic() - began:.1f} s"
        yield ok("server", f"{self._api.which}, lists {len(offered)} report types in {took}")

    def _read(self, what: str) -> Iterator[Finding]:
        permission, needed, shows = _PERMISSIONS[what]
        if may_read(self._api, what.replace(" ", "_")):
            yield ok(what, shows)
        elif needed:
            yield failed(what, "the key may not list them", f"give the key the permission {permission}")
        else:
            yield warning(
                what,
                "the key may not list them, so sensors read the list of report runs, which is slower",
                f"the permission {permission} is optional",
            )

    def _look_at_account(self) -> Iterator[Finding]:
        if id_ := self._account.id:
            yield ok("account", id_)
        else:
            yield warning(
                "account",
                "the key may not read it, so a lake cannot refuse another account's reports",
                "the permission Accounts: read is optional",
            )

    def _reach_files(self) -> Iterator[Finding]:
        reach_files_host(self._api)
        yield ok("files host", f"{self._api.files_host} answers")

    def _compare_clocks(self) -> Iterator[Finding]:
        lead = clock_lead(self._api)
        if lead is None:
            yield unknown("clock", "Stripe's answer has no usable Date header")
            return
        seconds = lead.seconds
        found = f"this clock is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} Stripe's"
        to_do = "set the clock (NTP)"
        if abs(seconds) > _CLOCK_FAILS:
            yield failed("clock", f"{found}: the webhook refuses signatures at more than 300 s", to_do)
        elif abs(seconds) > _CLOCK_WARNS:
            yield warning("clock", found, to_do)
        else:
            yield ok("clock", found if seconds >= 1 or seconds <= -1 else "this clock agrees with Stripe's")

    def _compare_selection(self) -> Iterator[Finding]:
        offered = self._offered_or_none()
        if offered is None:
            yield unknown("selected reports", "Stripe did not list the report types of the account")
            return
        missing = [each.id for each in self._selected if each.id not in offered]
        there = len(self._selected) - len(missing)
        found = f"the account offers {there} of {len(self._selected)} selected report types"
        if missing:
            yield warning(
                "selected reports",
                f"{found}, not {some(missing, _MOST_NAMED)}: a backfill of these fails",
                "remove them from STRIPE_REPORTS_SELECT, or leave them out of backfills",
            )
        else:
            yield ok("selected reports", found)
        if new := sorted(id_ for id_ in offered if id_ not in REPORT_TYPES):
            yield ok("other reports", f"offered, and not in the catalog: {some(new, _MOST_NAMED)}")

    def _look_at_data(self) -> Iterator[Finding]:
        offered = self._offered_or_none()
        if offered is None:
            yield unknown("data", "Stripe did not list the report types of the account")
            return
        families: dict[str, list[ReportType]] = {}
        for report_type in self._selected:
            if report_type.id in offered:
                families.setdefault(report_type.family, []).append(report_type)
        for family, report_types in families.items():
            yield _data_of(family, report_types, offered)

    def _offered(self) -> Mapping[str, OfferedReportType]:
        return self._account.report_types()

    def _offered_or_none(self) -> Mapping[str, OfferedReportType] | None:
        try:
            return self._offered()
        except StripeReportsError:
            return None  # `server` has the reason


def _data_of(
    family: str, report_types: Sequence[ReportType], offered: Mapping[str, OfferedReportType]
) -> Finding:
    """Return how far the data of a family go: its shortest, and its longest where they differ."""
    ends = {offered[each.id].data_available_end for each in report_types}
    found = f"{family}: through {_utc(min(ends))}" + (f" to {_utc(max(ends))}" if len(ends) > 1 else "")
    late = [each for each in report_types if offered[each.id].data_available_end < _due(each)]
    if not late:
        return ok("data", found)
    due = _utc(_due(late[0]))
    which = some((each.id for each in late), 1)
    return warning("data", f"{found}; {which} should reach {due} by the documented delay: Stripe is late")


def _due(report_type: ReportType) -> int:
    """Return the end of the newest UTC day whose data must be there by now (Unix seconds)."""
    return day_interval(newest_ready_day(report_type, time.time())).end


def _utc(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
