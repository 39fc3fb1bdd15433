"""Identities, held against the landed tables of some days."""

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
from stripe_reports.reconcile.outcome import Outcome
from stripe_reports.reconcile.payouts import PayoutHistory, find_manual
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
    """Hold the identities against what has landed of these days; exactly, per currency, with no tolerance.

    `tables` are those that are selected, by default all that the lake has; of each report one version is
    reconciled, see `reconciled_tables`. An identity says nothing of a report that the account does not offer,
    as landing saw it. `timezone` is that of the days; a day that landed as one of another
    zone is missing. An identity says nothing of currencies of which filters left rows out.
    `identities` are names such as `I9`, all by default. Outcomes come in the order of days, identities and
    currencies, one for each; one without a currency where there is none, a table has not landed, or a report
    is not selected.

    A month is read at a time, so that memory stays bounded; a day that lands meanwhile may be seen or not.

    Raises ConfigurationError for an unknown identity or time zone, DayError for a day that its zone skipped,
    and LakeError if a table cannot be read or amounts add up to more than a table could hold.
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
    """With the day before, of what it is needed of."""
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
