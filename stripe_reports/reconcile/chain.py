"""Whether each landed day starts with the balance with which the one before ended."""

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
_LINK = IDENTITIES["I2"]


@dataclass(frozen=True, slots=True)
class Chain:
    """All landed days of the balance summary, from the first to the last."""

    first: date | None
    """None if no day has landed."""
    last: date | None
    days: int
    """How many have landed."""
    links: int
    """How many of them were held against the day before."""
    broken: tuple[Outcome, ...]
    """Of the identity I2: the days that start with another balance."""
    gaps: tuple[tuple[date, date], ...]
    """First and last day of each stretch between them that has not landed. Nothing is said across it, since
    amounts may have moved there."""
    of_other_zones: tuple[date, ...] = ()
    """Landed days that are days of another time zone. They are no part of the chain."""


def chain(lake: Lake, *, tables: Iterable[str] | None = None, timezone: str = "UTC") -> Chain:
    """Hold each landed day of the balance summary against the day before, whenever they landed.

    `tables` and `timezone` as in `reconcile`. Raises LakeError if the table cannot be read.
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
        links=len(findings.told),
        broken=tuple(
            broken_outcome(_LINK.name, day, currency, equations)
            for day in landed
            for currency, equations in sorted(findings.equations[day].items())
            if not all(equation.holds for equation in equations)
        ),
        gaps=tuple((before[-1] + _DAY, after[0] - _DAY) for before, after in pairwise(runs)),
        of_other_zones=others,
    )
