"""Explaining a difference: rows to look at, and the reporting categories that differ."""

# ruff: noqa: S608  # made of constants
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from stripe_reports.reconcile.equation import Equation
from stripe_reports.reconcile.families import Family
from stripe_reports.reconcile.identity import Clue, Identity, Part
from stripe_reports.reconcile.outcome import Share, Suspect
from stripe_reports.reconcile.workspace import Workspace
from stripe_reports.wording import some

_MOST = 20
_SHOWN = 3

_Key = tuple[date, str]

_NONE_YET = """
CREATE OR REPLACE TEMP TABLE suspects (
    day DATE, currency VARCHAR, rank INTEGER, why VARCHAR, role VARCHAR, on_day DATE, id VARCHAR,
    category VARCHAR, expected DECIMAL(38, 18), actual DECIMAL(38, 18)
)
"""

# Each row is named once, with its likeliest reason.
_FIRST = f"""
WITH named AS (
    FROM suspects QUALIFY row_number() OVER (
        PARTITION BY day, currency, role, on_day, id, category ORDER BY rank, why
    ) = 1
)
SELECT day, currency, count(*) OVER (PARTITION BY day, currency) AS times, why, role, on_day, id, category,
    expected, actual
FROM named
QUALIFY row_number() OVER (PARTITION BY day, currency ORDER BY rank, role, on_day, id, category) <= {_MOST}
ORDER BY day, currency, rank, role, on_day, id, category
"""


@dataclass(slots=True)
class Explanation:
    """What may explain the difference of one day and currency."""

    suspects: list[Suspect] = field(default_factory=list)
    """The first rows to look at."""
    count: int = 0
    """The number of all rows to look at."""
    shares: list[Share] = field(default_factory=list)

    def __str__(self) -> str:
        if self.suspects:
            first = self.suspects[0]
            what = first.id or first.reporting_category
            more = f" and {self.count - 1} more" if self.count > 1 else ""
            return f"look at {what} in {first.table} of {first.day} ({first.why}){more}"
        if self.shares:
            names = some((share.reporting_category for share in self.shares), _SHOWN)
            return f"it is in {names}, and no row explains it"
        return "no row explains it"


def explain(
    workspace: Workspace, identity: Identity, broken: Mapping[_Key, Sequence[Equation]]
) -> Mapping[_Key, Explanation]:
    """Return what to look at for each of these days and currencies, from their equations that do not hold."""
    found = {key: Explanation() for key in broken}
    if not broken:
        return found
    workspace.run(_NONE_YET)
    for number, part in enumerate(identity.parts):
        residuals = {
            key: max((each for each in equations if _is_of(each, number)), key=lambda each: each.distance)
            for key, equations in broken.items()
            if any(_is_of(each, number) for each in equations)
        }
        if residuals:
            _look(workspace, part, residuals, found)
    for day, currency, times, why, role, on_day, id_, category, expected, actual in workspace.query(_FIRST):
        explanation = found[day, currency]
        explanation.count = times
        table = workspace.tables[Family[role.upper()]]
        explanation.suspects.append(
            Suspect(_named(workspace, why), table, on_day, id_, category, expected, actual)
        )
    return found


def _is_of(equation: Equation, part: int) -> bool:
    return equation.part == part and not equation.holds


def _look(
    workspace: Workspace,
    part: Part,
    residuals: Mapping[_Key, Equation],
    found: Mapping[_Key, Explanation],
) -> None:
    """Add the suspects of a part to the table `suspects`, and its shares to `found`."""
    _break(workspace, residuals)
    for rank, clue in enumerate(part.clues.rows):
        if _applies(workspace, clue, residuals):
            workspace.run(f"INSERT INTO suspects {_ranked(clue, rank)}")
    if part.clues.categories and _applies(workspace, part.clues.categories, residuals):
        for day, currency, category, expected, actual in workspace.query(part.clues.categories.sql):
            found[day, currency].shares.append(Share(category, expected, actual))
    named = set(workspace.query("SELECT DISTINCT day, currency FROM suspects"))
    _break(workspace, {key: each for key, each in residuals.items() if key not in named})
    for clue in part.clues.otherwise:
        if _applies(workspace, clue, residuals):
            workspace.run(f"INSERT INTO suspects {_ranked(clue, len(part.clues.rows))}")


def _break(workspace: Workspace, residuals: Mapping[_Key, Equation]) -> None:
    """Fill the table `broken`, which clues read. A difference in numbers of rows is not an amount."""
    workspace.fill(
        "broken",
        day=("DATE", [day for day, _ in residuals]),
        currency=("VARCHAR", [currency for _, currency in residuals]),
        residual=(
            "DECIMAL(38, 18)",
            [Decimal(0) if each.counted else each.residual for each in residuals.values()],
        ),
    )


def _applies(workspace: Workspace, clue: Clue, keys: Iterable[_Key]) -> bool:
    """Choose the days that the clue can say something about; return whether there are any."""
    currencies: dict[date, list[str]] = {}
    for day, currency in sorted(keys):
        currencies.setdefault(day, []).append(currency)
    days = [day for day, broken in currencies.items() if workspace.can_check(clue.needs, day, broken)]
    workspace.choose(days)
    return bool(days)


def _ranked(clue: Clue, rank: int) -> str:
    columns = "why, role, on_day, id, category, expected, actual"
    return f"SELECT day, currency, {rank}, {columns} FROM ({clue.sql}) AS found (day, currency, {columns})"


def _named(workspace: Workspace, why: str) -> str:
    """Replace roles with the names of the lake's tables."""
    for family, table in workspace.tables.items():
        why = why.replace(f"{{{family.role}}}", table)
    return why
