"""Which payouts were effective on a day: for the reports that are asked for payout by payout."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass

from stripe_reports.catalog import REPORT_TYPES, ReportType, data_ready_by
from stripe_reports.errors import CsvError, StripeReportsError
from stripe_reports.landing.download import download
from stripe_reports.landing.parameters import interval_parameters
from stripe_reports.landing.tables import Steps, Tables
from stripe_reports.landing.wanted_run import WantedRun
from stripe_reports.stripe_api import check_available

_PAYOUT = "payout"
"""The reporting category; a payout that failed comes back as `payout_reversal`, under the same id."""

_Rows = Iterable[Mapping[str, str | None]]

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


def payout_steps(tables: Tables) -> Steps:
    """A report run for each payout that was effective on the day; the first one, maybe, to list them."""
    report_type, shared = tables.report_type, tables.shared
    refs = yield from _payouts_of_day(tables)
    runs = [tables.wanted(ref.parameters, constants=ref.columns, may_be_refused=True) for ref in refs]
    yield runs
    left_out = []
    for ref, run in zip(refs, runs, strict=True):
        if run.refused:
            shared.warn(
                f"{report_type.id}: Stripe does not report on {ref.id}, it was left out; {run.refused.what}"
            )
            left_out.append(ref.id)
    return tables.land([run for run in runs if not run.refused], left_out)


def _payouts_of_day(tables: Tables) -> Generator[Sequence[WantedRun], None, list[PayoutRef]]:
    """The payouts effective on the day, each once, in the order of Stripe's itemized payouts.

    Read from the landed itemized payouts of that day, if there are any and they are not filtered; asked for
    in a report run of their own otherwise.
    """
    report_type = tables.report_type
    columns = _CONNECTED_COLUMNS if _is_connected(report_type) else _COLUMNS
    rows = _landed_rows(tables, columns)
    if rows is None:
        listing = _listing(tables, columns)
        yield [listing]
        rows = _listed_rows(tables, listing)
    refs = (
        PayoutRef(str(row["payout_id"]), row.get("connected_account"))
        for row in rows
        if row["reporting_category"] == _PAYOUT
    )
    only = tables.request.parameters.get("connected_account")
    return list(dict.fromkeys(ref for ref in refs if only in (None, ref.connected_account)))


def itemized_payouts(report_type: ReportType) -> list[ReportType]:
    """The reports that list the payouts which this one reports on, newest first."""
    report = "connected_account_payouts.itemized." if _is_connected(report_type) else "payouts.itemized."
    versions = [each for id_, each in REPORT_TYPES.items() if id_.startswith(report)]
    return sorted(versions, key=lambda each: each.version or 0, reverse=True)


def _is_connected(report_type: ReportType) -> bool:
    return "connected_account" in report_type.required_parameters


def _landed_rows(tables: Tables, columns: Sequence[str]) -> _Rows | None:
    (day,) = tables.days
    lake = tables.shared.lake
    for source in itemized_payouts(tables.report_type):
        landed = lake.landed(source.table, day)
        if landed is None:
            continue
        is_whole = set(json.loads(landed.provenance.get("parameters", "null")) or {"?"}) <= _NOT_A_FILTER
        is_of_day = landed.provenance["timezone"] == tables.shared.timezone
        if is_whole and is_of_day and set(columns) <= set(landed.table.schema.names):
            rows: _Rows = lake.read_table(source.table, [day], columns=columns).to_pylist()
            return rows
    return None


def _listed_rows(tables: Tables, listing: WantedRun) -> _Rows:
    """What the report run says. Raises CsvError where it is no list of payouts."""
    try:
        text = download(tables.shared.account.api, listing.result).decode()
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        if missing := {*_COLUMNS} - {*(rows.fieldnames or ())}:
            raise CsvError(f"the list of the day's payouts lacks {', '.join(sorted(missing))}")
        return list(rows)
    except StripeReportsError as error:
        error.at(report_run=listing.run.id if listing.run else None)
        raise
    except (UnicodeDecodeError, csv.Error) as damage:
        run = listing.run.id if listing.run else None
        raise CsvError(f"the list of the day's payouts is damaged: {damage}", report_run=run) from damage


def _listing(tables: Tables, columns: Sequence[str]) -> WantedRun:
    account, interval = tables.shared.account, tables.interval
    offered = account.report_types()
    known = [each for each in itemized_payouts(tables.report_type) if each.columns_complete]
    source = next((each for each in known if each.id in offered), known[0])
    own = account.report_type(source.id)
    check_available(own, interval, source.interval)
    ready_by = data_ready_by(source, interval.end)
    bounds = interval_parameters(source, interval)
    return WantedRun(source.id, bounds, columns, ready_by, livemode=own.livemode, unusable=tables.not_to_use)
