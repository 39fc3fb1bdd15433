"""The chain of landed days: each starts with the balance that the day before ended with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from stripe_reports.catalog import stretches
from stripe_reports.lake import Lake
from stripe_reports.reconcile.equation import evaluate
from stripe_reports.reconcile.families import Family
from stripe_reports.reconcile.identities import IDENTITIES
from stripe_reports.reconcile.judgement import broken_outcome
from stripe_reports.reconcile.outcome import Outcome
from stripe_reports.reconcile.selected import Selected
from stripe_reports.reconcile.workspace import Workspace

_DAY = timedelta(days=1)
_LINK = IDENTITIES["balance_continues"]


@dataclass(frozen=True, slots=True)
class Chain:
    """The landed days of the balance summary, from the first to the last."""

    first: date | None
    """None if no day has landed."""
    last: date | None
    days: int
    """The number of landed days."""
    links: int
    """The number of days that were compared with the day before."""
    broken: tuple[Outcome, ...]
    """The outcomes of identity balance_continues for days that start with another balance."""
    gaps: tuple[tuple[date, date], ...]
    """The first and last day of each gap, in which no day has landed. Days on both sides of a gap are not
    compared, since amounts may have moved in it."""
    of_other_zones: tuple[date, ...] = ()
    """Landed days in another time zone, which are not part of the chain."""


def chain(lake: Lake, *, tables: Iterable[str] | None = None, timezone: str = "UTC") -> Chain:
    """Compare each landed day of the balance summary with the day before, whenever they landed.

    `tables` and `timezone` are as in `reconcile`. Raises LakeError if the table cannot be read.
    """
    selected = Selected.of(lake, lake.tables() if tables is None else tables).tables
    balance: Mapping[Family, str] = {
        family: table for family, table in selected.items() if family is Family.BALANCE
    }
    with Workspace(lake, balance, timezone) as workspace:
        every = workspace.landed.get(Family.BALANCE, ())
        landed = workspace.landed_among(Family.BALANCE, every)
        others = tuple(sorted(set(every).difference(landed)))
        if not landed:
            return Chain(None, None, 0, 0, (), (), others)
        workspace.load(landed)
        findings = evaluate(workspace, _LINK, landed)
    runs = stretches(landed)
    return Chain(
        first=landed[0],
        last=landed[-1],
        days=len(landed),
        links=len(findings.answered),
        broken=tuple(
            broken_outcome(_LINK.name, day, currency, equations)
            for day in landed
            for currency, equations in sorted(findings.equations[day].items())
            if not all(equation.holds for equation in equations)
        ),
        gaps=tuple((before[-1] + _DAY, after[0] - _DAY) for before, after in pairwise(runs)),
        of_other_zones=others,
    )
