"""Which payouts were effective on a day: for the reports that are asked for payout by payout."""

from __future__ import annotations

import csv
import io
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from stripe_reports.catalog import REPORT_TYPES, Interval, ReportType
from stripe_reports.errors import StripeRequestError
from stripe_reports.lake import Lake
from stripe_reports.landing.download import download
from stripe_reports.landing.obtain import ObtainedRun, obtain_run
from stripe_reports.landing.parameters import interval_parameters
from stripe_reports.landing.request import ReportRequest
from stripe_reports.stripe_api import Account, Polling, RunParameters, check_available, wait_for

_PAYOUT = "payout"
"""The reporting category; a payout that failed comes back as `payout_reversal`, under the same id."""

_MADE_AHEAD = 8

_COLUMNS = ("payout_id", "reporting_category")
_CONNECTED_COLUMNS = (*_COLUMNS, "connected_account")
_NOT_A_FILTER = {"interval_start", "interval_end", "columns", "timezone"}


@dataclass(frozen=True, slots=True)
class PayoutRef:
    """A payout, of the account itself or of a connected account."""

    id: str
    connected_account: str | None = None

    @property
    def _account(self) -> dict[str, str]:
        return {"connected_account": self.connected_account} if self.connected_account else {}

    @property
    def parameters(self) -> dict[str, str]:
        """As a report run takes it."""
        return {"payout": self.id, **self._account}

    @property
    def columns(self) -> dict[str, str]:
        """As the rows of its report say it, which Stripe's may not."""
        return {"payout_id": self.id, **self._account}


def payouts_of_day(
    report_type: ReportType,
    request: ReportRequest,
    day: date,
    interval: Interval,
    timezone: str,
    *,
    account: Account,
    lake: Lake,
    polling: Polling,
    warn: Callable[[str], None],
) -> list[PayoutRef]:
    """The payouts effective on the day, each once, in the order of Stripe's itemized payouts.

    Read from the landed itemized payouts of that day, if there are any and they are not filtered; asked for
    in a report run of their own otherwise.
    """
    columns = _CONNECTED_COLUMNS if _is_connected(report_type) else _COLUMNS
    sources = itemized_payouts(report_type)
    rows = _landed_rows(sources, columns, day, timezone, lake)
    if rows is None:
        rows = _asked_rows(sources, columns, interval, account, polling, warn)
    refs = (
        PayoutRef(str(row["payout_id"]), row.get("connected_account"))
        for row in rows
        if row["reporting_category"] == _PAYOUT
    )
    only = request.parameters.get("connected_account")
    return list(dict.fromkeys(ref for ref in refs if only in (None, ref.connected_account)))


def obtain_payout_runs(
    report_type: ReportType,
    refs: Sequence[PayoutRef],
    options: RunParameters,
    columns: Sequence[str],
    *,
    account: Account,
    warn: Callable[[str], None],
    leave_out: Callable[[str], None],
) -> Iterator[tuple[ObtainedRun, Mapping[str, str]]]:
    """A report run for each payout, with the columns that name it.

    A few of them are made ahead, so that their waits overlap. `leave_out` is given the id of a payout that
    Stripe does not report on, because it is not automatic.
    """
    ahead: deque[tuple[ObtainedRun, Mapping[str, str]]] = deque()
    for ref in refs:
        try:
            parameters = {**options, **ref.parameters}
            made = obtain_run(account, report_type.id, parameters, columns, warn)
            ahead.append((made, ref.columns))
        except StripeRequestError as error:
            if _PAYOUT not in (error.param or ""):
                raise
            warn(f"{report_type.id}: Stripe does not report on {ref.id}, it was left out; {error.what}")
            leave_out(ref.id)
        if len(ahead) >= _MADE_AHEAD:
            yield ahead.popleft()
    yield from ahead


def itemized_payouts(report_type: ReportType) -> list[ReportType]:
    """The reports that list the payouts which this one reports on, newest first."""
    report = "connected_account_payouts.itemized." if _is_connected(report_type) else "payouts.itemized."
    versions = [each for id_, each in REPORT_TYPES.items() if id_.startswith(report)]
    return sorted(versions, key=lambda each: each.version or 0, reverse=True)


def _is_connected(report_type: ReportType) -> bool:
    return "connected_account" in report_type.required_parameters


def _landed_rows(
    sources: Iterable[ReportType], columns: Sequence[str], day: date, timezone: str, lake: Lake
) -> list[Mapping[str, str | None]] | None:
    for source in sources:
        if day not in lake.days(source.table):
            continue
        provenance = lake.provenance(source.table, day)
        table = lake.dataset(source.table, [day])
        whole = set(json.loads(provenance.get("parameters", "null")) or {"?"}) <= _NOT_A_FILTER
        if whole and provenance["timezone"] == timezone and set(columns) <= set(table.schema.names):
            rows: list[Mapping[str, str | None]] = table.to_table(columns=list(columns)).to_pylist()
            return rows
    return None


def _asked_rows(
    sources: Sequence[ReportType],
    columns: Sequence[str],
    interval: Interval,
    account: Account,
    polling: Polling,
    warn: Callable[[str], None],
) -> list[Mapping[str, str | None]]:
    offered = account.report_types()
    known = [each for each in sources if each.columns_complete]
    source = next((each for each in known if each.id in offered), known[0])
    check_available(account.report_type(source.id), interval, source.interval)
    made = obtain_run(account, source.id, interval_parameters(source, interval), columns, warn)
    result = wait_for(account.api, made.run, polling)
    text = download(account.api, result).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))
