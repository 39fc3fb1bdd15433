"""The payouts that were effective on a day, for reports that take one report run for each payout."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stripe_reports.catalog import REPORT_TYPES, ReportType, data_ready_by
from stripe_reports.errors import CsvError, StripeReportsError
from stripe_reports.landing.obtain import ObtainedRun, WantedRun
from stripe_reports.landing.request import interval_parameters
from stripe_reports.landing.results import download
from stripe_reports.landing.stretch import Stretch
from stripe_reports.stripe_api import check_available

_PAYOUT = "payout"
"""The reporting category. A payout that failed comes back as `payout_reversal`, under the same id."""

_Rows = Iterable[Mapping[str, str | None]]

_COLUMNS = ("payout_id", "reporting_category")
_CONNECTED_COLUMNS = (*_COLUMNS, "connected_account")
_NOT_A_FILTER = {"interval_start", "interval_end", "columns", "timezone"}


@dataclass(frozen=True, slots=True)
class PayoutRef:
    """A payout of the account itself or of a connected account."""

    id: str
    connected_account: str | None = None

    @property
    def _account(self) -> dict[str, str]:
        return {"connected_account": self.connected_account} if self.connected_account else {}

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of a report run about it."""
        return {"payout": self.id, **self._account}

    @property
    def columns(self) -> dict[str, str]:
        """The columns that say it in the rows of its report. Stripe's rows may lack them."""
        return {"payout_id": self.id, **self._account}


def landed_payouts(stretch: Stretch) -> list[PayoutRef] | None:
    """Return the payouts in the landed itemized payouts of the day, each once, in their order.

    None if that day has not landed, or its table does not have all payouts.
    """
    (day,) = stretch.days
    columns, lake = _columns(stretch), stretch.shared.lake
    for source in itemized_payouts(stretch.report_type):
        landed = lake.landed(source.table, day)
        if landed is None:
            continue
        is_whole = set(json.loads(landed.provenance.get("parameters", "null")) or {"?"}) <= _NOT_A_FILTER
        is_of_day = landed.provenance["timezone"] == stretch.shared.timezone
        if is_whole and is_of_day and set(columns) <= set(landed.table.schema.names):
            return _refs(stretch, lake.read_table(source.table, [day], columns=columns).to_pylist())
    return None


def payouts_listing(stretch: Stretch) -> WantedRun:
    """Return the report run that lists the payouts of the day. Raises DataNotAvailableError."""
    account, interval = stretch.shared.account, stretch.interval
    offered = account.report_types()
    known = [each for each in itemized_payouts(stretch.report_type) if each.columns_complete]
    source = next((each for each in known if each.id in offered), known[0])
    own = account.report_type(source.id)
    check_available(own, interval, source.interval)
    return WantedRun(
        source.id,
        interval_parameters(source, interval),
        _columns(stretch),
        data_ready_by(source, interval.end),
        livemode=own.livemode,
        unusable=stretch.not_to_use,
    )


def listed_payouts(stretch: Stretch, listing: ObtainedRun) -> list[PayoutRef]:
    """Return the payouts in the result of the listing, each once, in their order.

    Raises CsvError if it is no list of payouts, and DownloadError.
    """
    run = listing.run.id
    try:
        text = download(stretch.shared.account.api, listing.result).decode()
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        if missing := {*_COLUMNS} - {*(rows.fieldnames or ())}:
            raise CsvError(f"the list of the day's payouts lacks {', '.join(sorted(missing))}")
        return _refs(stretch, rows)
    except StripeReportsError as error:
        error.at(report_run=run)
        raise
    except (UnicodeDecodeError, csv.Error) as damage:
        raise CsvError(f"the list of the day's payouts is damaged: {damage}", report_run=run) from damage


def itemized_payouts(report_type: ReportType) -> list[ReportType]:
    """Return the reports that list the payouts which this one reports on, newest first."""
    report = "connected_account_payouts.itemized." if _is_connected(report_type) else "payouts.itemized."
    versions = [each for id_, each in REPORT_TYPES.items() if id_.startswith(report)]
    return sorted(versions, key=lambda each: each.version or 0, reverse=True)


def _is_connected(report_type: ReportType) -> bool:
    return "connected_account" in report_type.required_parameters


def _columns(stretch: Stretch) -> Sequence[str]:
    return _CONNECTED_COLUMNS if _is_connected(stretch.report_type) else _COLUMNS


def _refs(stretch: Stretch, rows: _Rows) -> list[PayoutRef]:
    refs = (
        PayoutRef(str(row["payout_id"]), row.get("connected_account"))
        for row in rows
        if row["reporting_category"] == _PAYOUT
    )
    only = stretch.request.parameters.get("connected_account")
    return list(dict.fromkeys(ref for ref in refs if only in (None, ref.connected_account)))
