"""Evaluating the equations of an identity for some days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from stripe_reports.catalog import EXACT, amount_text
from stripe_reports.reconcile.identity import Identity
from stripe_reports.reconcile.provenance import Filter
from stripe_reports.reconcile.workspace import Workspace

# Of the equations that hold, the first of each day and currency is enough.
_NOTED = """
SELECT day, currency, label, counted, expected, actual, off FROM (EQUATIONS)
QUALIFY expected <> actual OR off > 0
    OR row_number() OVER (PARTITION BY day, currency ORDER BY counted, label) = 1
ORDER BY day, currency, counted, label
"""


@dataclass(frozen=True, slots=True)
class Equation:
    """An equation with its numbers: amounts in major units, or numbers of rows if `counted`."""

    part: int
    """The index of the part of the identity that it belongs to."""
    label: str
    counted: bool
    expected: Decimal
    actual: Decimal
    off: int
    """The number of rows that are wrong, even if the amounts agree."""

    @property
    def residual(self) -> Decimal:
        """The actual less the expected amount."""
        return EXACT.subtract(self.actual, self.expected)

    @property
    def holds(self) -> bool:
        """Whether both sides are equal, with no tolerance."""
        return not self.off and self.expected == self.actual

    @property
    def distance(self) -> tuple[bool, Decimal, int]:
        """A key to sort equations by how far off they are; amounts come before rows."""
        return not self.counted and bool(self.residual), abs(self.residual), self.off

    def __str__(self) -> str:
        unit = " rows" if self.counted else ""
        text = f"{self.label}: expected {amount_text(self.expected)}{unit}, found {amount_text(self.actual)}"
        if self.residual:
            more = "too much" if self.residual > 0 else "too little"
            text += f", {amount_text(abs(self.residual))} {more}"
        if self.off:
            text += f"; {self.off} {'row is' if self.off == 1 else 'rows are'} off"
        return text


@dataclass(slots=True)
class Findings:
    """What one identity says about some days."""

    equations: Mapping[date, dict[str, list[Equation]]] = field(default_factory=lambda: defaultdict(dict))
    """The equations that do not hold, and the first of each part, by day and currency."""
    missing: Mapping[date, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What has not landed, by day."""
    silent: Mapping[date, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Why parts say nothing about a day, by day."""
    answered: set[date] = field(default_factory=set)
    """The days that some part says something about."""
    filters: Mapping[date, list[Filter]] = field(default_factory=lambda: defaultdict(list))
    """The filters of the tables that were read, for each day in `answered`."""

    def left_out(self, day: date, currency: str) -> str:
        """Return which filter left out rows of the currency; empty if none did."""
        return next((str(each) for each in self.filters[day] if not each.keeps(currency)), "")


def evaluate(workspace: Workspace, identity: Identity, days: Sequence[date]) -> Findings:
    """Evaluate the identity for these days, which the workspace has loaded."""
    findings = Findings()
    for number, part in enumerate(identity.parts):
        chosen = []
        for day in days:
            if why := workspace.not_selected(part.needs):
                findings.silent[day].append(why)
            elif why := workspace.missing(part.needs, day):
                findings.missing[day].append(why)
            elif why := workspace.silent(part.needs, day):
                findings.silent[day].append(why)
            else:
                chosen.append(day)
        if chosen:
            findings.answered.update(chosen)
            for day in chosen:
                findings.filters[day] += workspace.filters(part.needs, day)
            workspace.choose(chosen)
            for day, currency, label, counted, expected, actual, off in workspace.query(
                _NOTED.replace("EQUATIONS", part.sql)
            ):
                if all(each.keeps(currency) for each in workspace.filters(part.needs, day)):
                    equation = Equation(number, label, counted, Decimal(expected), Decimal(actual), off)
                    findings.equations[day].setdefault(currency, []).append(equation)
    return findings
