"""Reconciling: checking the identities on the landed tables of some days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby

from stripe_reports.catalog import time_zone
from stripe_reports.lake import Lake
from stripe_reports.reconcile import equations
from stripe_reports.reconcile.equation import Findings, evaluate
from stripe_reports.reconcile.identities import IDENTITIES, select_identities
from stripe_reports.reconcile.identity import Identity
from stripe_reports.reconcile.judgement import Judge
from stripe_reports.reconcile.manual_payouts import PayoutHistory, find_manual
from stripe_reports.reconcile.outcome import Outcome
from stripe_reports.reconcile.repeated import find_repeated
from stripe_reports.reconcile.selected import Selected
from stripe_reports.reconcile.workspace import Workspace

_DAY = timedelta(days=1)


def reconcile(
    lake: Lake,
    days: Iterable[date],
    *,
    tables: Iterable[str] | None = None,
    timezone: str = "UTC",
    identities: Iterable[str] | None = None,
) -> Iterator[Outcome]:
    """Check the identities on the landed tables of these days: exactly, per currency, with no tolerance.

    `tables` are the selected tables, by default all that the lake has; one version of each report is
    reconciled, see `reconciled_tables`. `timezone` is the time zone of the days; a day that landed in another
    time zone is missing. `identities` are names such as `balance_adds_up`, by
    default all. An identity is not applicable to reports that the account did not offer when they were to
    land, and to currencies of which filters left rows out.

    Yields one outcome per day, identity and currency, in this order. The outcome has no currency if there is
    none, if a table has not landed, or if a report is not selected.

    Reads one month at a time, so that memory stays bounded. A day that lands meanwhile may be read or not.

    Raises ConfigurationError for an unknown identity or time zone, DayError for a day that its time zone
    skipped, and LakeError if a table cannot be read or amounts add up to more than a table can hold.
    """
    wanted = select_identities(identities)
    time_zone(timezone)
    selected = Selected.of(lake, lake.tables() if tables is None else tables)
    return _outcomes(lake, sorted(set(days)), selected, timezone, wanted)


def _outcomes(
    lake: Lake,
    asked: Sequence[date],
    selected: Selected,
    timezone: str,
    wanted: Sequence[Identity],
) -> Iterator[Outcome]:
    history = PayoutHistory(lake, selected.tables, timezone)
    with Workspace(lake, selected.tables, timezone, selected.not_offered) as workspace:
        if any(identity.unique_ids for identity in wanted):
            find_repeated(workspace, asked)
        for _, grouped in groupby(asked, key=lambda day: (day.year, day.month)):
            days = list(grouped)
            _load(workspace, days)
            judge = Judge(workspace, _currencies(workspace, days), find_manual(workspace, days), history)
            found: dict[str, Findings] = {each.name: evaluate(workspace, each, days) for each in wanted}
            judged = [judge.outcomes(each, found[each.name], days) for each in wanted]
            for day in days:
                for outcomes in judged:
                    yield from outcomes[day]


def _load(workspace: Workspace, days: Sequence[date]) -> None:
    """Load the days, and the day before each of them for the reports that need it."""
    linked = frozenset().union(*(identity.day_before for identity in IDENTITIES.values()))
    workspace.load(days, [family for family in workspace.tables if family not in linked])
    workspace.load(
        {*days, *(day - _DAY for day in days)}, [family for family in workspace.tables if family in linked]
    )


def _currencies(workspace: Workspace, days: Sequence[date]) -> Mapping[date, set[str]]:
    workspace.choose(days)
    currencies: dict[date, set[str]] = {day: set() for day in days}
    for day, currency in workspace.query(equations.CURRENCIES):
        currencies[day].add(currency)
    for day in days:
        currencies[day] |= workspace.filtered_currencies(day)
    return currencies
