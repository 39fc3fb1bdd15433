"""An identity as data: its statement, the tables that it needs, and its SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from stripe_reports.reconcile.families import Family, families


class Manual(StrEnum):
    """How a payout that is not automatic affects an identity, in the payout's currency."""

    NOTHING = "nothing"
    """The identity holds for such payouts, too."""
    LEFT_OUT = "left out"
    """The other payouts are compared; if they agree, the identity is not applicable on that day."""
    THAT_DAY = "that day"
    """The identity is not applicable on a day with such a payout."""
    FROM_THEN_ON = "from then on"
    """Nor, if it does not hold, on the days until the next automatic payout."""


@dataclass(frozen=True, slots=True)
class Needs:
    """The tables and columns that a query needs."""

    columns: Mapping[Family, tuple[str, ...]]
    """The columns as `COLUMNS` names them; `instant` is `utc` or `local`."""
    helps: tuple[Family, ...] = ()
    """The tables that it reads if they are selected."""
    day_before: Family | None = None
    """The table that it also needs the day before of."""


@dataclass(frozen=True, slots=True)
class Clue:
    """A query for rows that may explain a difference; `clues.py` describes what it yields."""

    needs: Needs
    sql: str


@dataclass(frozen=True, slots=True)
class Clues:
    """The clues to follow if an equation does not hold."""

    rows: tuple[Clue, ...]
    """The clues to follow first, the likeliest first."""
    otherwise: tuple[Clue, ...] = ()
    """The clues to follow if the first ones find nothing."""
    categories: Clue | None = None
    """A query for (day, currency, category, expected, actual) of the reporting categories that differ."""


@dataclass(frozen=True, slots=True)
class Part:
    """Equations between some tables.

    `sql` reads the days in `on_days` of tables, which it names by role, and yields (day, currency, label,
    counted, expected, actual, off): `counted` is true if the numbers are rows rather than amounts, and `off`
    is the number of wrong rows, which amounts that cancel out would hide.
    """

    needs: Needs
    sql: str
    clues: Clues


@dataclass(frozen=True, slots=True)
class Identity:
    """An equation between Stripe's reports, for each day and currency."""

    name: str
    """What it says in short, such as `balance_adds_up`."""
    statement: str
    """What it says, in one sentence for a bookkeeper."""
    parts: tuple[Part, ...]
    """The identity holds if all its parts hold; a part whose reports are not selected is left out."""
    manual: Manual = Manual.NOTHING
    unique_ids: bool = False
    """Whether the identity looks at the ids of other days, too."""

    @property
    def families(self) -> frozenset[Family]:
        """The reports that it reads."""
        return frozenset(family for part in self.parts for family in (*part.needs.columns, *part.needs.helps))

    @property
    def day_before(self) -> frozenset[Family]:
        """The reports that it also needs the day before of."""
        return frozenset(part.needs.day_before for part in self.parts if part.needs.day_before)

    def is_applicable(self, tables: Collection[str]) -> bool:
        """Return whether these tables are enough to check the identity, or a part of it."""
        selected = families(tables)
        return any(part.needs.columns.keys() <= selected.keys() for part in self.parts)
