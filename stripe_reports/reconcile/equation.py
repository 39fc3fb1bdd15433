"""What the parts of an identity say of some days."""

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

# Of those that agree, the first of each day and currency is enough.
_NOTED = """
SELECT day, currency, label, counted, expected, actual, off FROM (EQUATIONS)
QUALIFY expected <> actual OR off > 0
    OR row_number() OVER (PARTITION BY day, currency ORDER BY counted, label) = 1
ORDER BY day, currency, counted, label
"""


@dataclass(frozen=True, slots=True)
class Equation:
    """One, with its numbers: in major units, or in rows if they are `counted`."""

    part: int
    """The number of the part of the identity that it is of."""
    label: str
    counted: bool
    expected: Decimal
    actual: Decimal
    off: int
    """Rows that are wrong, though the amounts may agree."""

    @property
    def residual(self) -> Decimal:
        """Actual less expected."""
        return EXACT.subtract(self.actual, self.expected)

    @property
    def holds(self) -> bool:
        """With no tolerance."""
        return not self.off and self.expected == self.actual

    @property
    def distance(self) -> tuple[bool, Decimal, int]:
        """How far off it is; amounts come before rows."""
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
    """Of one identity, on some days."""

    equations: Mapping[date, dict[str, list[Equation]]] = field(default_factory=lambda: defaultdict(dict))
    """By day and currency: those that do not hold, and the first of each part."""
    missing: Mapping[date, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What has not landed, of the days of which something has not."""
    silent: Mapping[date, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Why parts say nothing of a day."""
    told: set[date] = field(default_factory=set)
    """Days of which some part says something."""
    filters: Mapping[date, list[Filter]] = field(default_factory=lambda: defaultdict(list))
    """Those of the tables that it reads, on days of which a part says something."""

    def left_out(self, day: date, currency: str) -> str:
        """Why it says nothing of that currency, if filters left some of its rows out; empty if not."""
        return next((str(each) for each in self.filters[day] if not each.keeps(currency)), "")


def evaluate(workspace: Workspace, identity: Identity, days: Sequence[date]) -> Findings:
    """What it says of these days, which the workspace holds."""
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
            findings.told.update(chosen)
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
