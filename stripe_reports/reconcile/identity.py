"""An identity as data: what it says, which tables it needs, and its SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from stripe_reports.reconcile.families import Family, families


class Manual(StrEnum):
    """What a payout that is not automatic does to an identity, in its currency."""

    NOTHING = "nothing"
    """It holds of such payouts, too."""
    LEFT_OUT = "left out"
    """The others are held against each other; if they agree, the day is not applicable."""
    THAT_DAY = "that day"
    """It says nothing of a day with one."""
    FROM_THEN_ON = "from then on"
    """Nor, where it does not agree, of the days until the next automatic one."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Tables and columns that a query cannot do without."""

    columns: Mapping[Family, tuple[str, ...]]
    """As `COLUMNS` names them; `instant` is `utc` or `local`."""
    helps: tuple[Family, ...] = ()
    """Tables that it reads where they are selected."""
    day_before: Family | None = None
    """The table of which it needs the day before, too."""


@dataclass(frozen=True, slots=True)
class Clue:
    """A query for rows that may explain a difference; `clues` says what it yields."""

    needs: Needs
    sql: str


@dataclass(frozen=True, slots=True)
class Clues:
    """Where to look if an equation does not hold."""

    rows: tuple[Clue, ...]
    """The likeliest first."""
    otherwise: tuple[Clue, ...] = ()
    """Where these find nothing."""
    categories: Clue | None = None
    """Yields (day, currency, category, expected, actual) of the reporting categories that differ."""


@dataclass(frozen=True, slots=True)
class Part:
    """Equations between some tables.

    `sql` reads the tables by their roles, of the days in `on_days`, and yields rows of (day, currency, label,
    counted, expected, actual, off): `counted` tells rows from amounts, `off` is how many rows are wrong,
    which amounts that cancel out would hide.
    """

    needs: Needs
    sql: str
    clues: Clues


@dataclass(frozen=True, slots=True)
class Identity:
    """An equation between Stripe's reports, for each day and currency."""

    name: str
    """`I1` to `I12`."""
    statement: str
    """In one sentence, for a bookkeeper."""
    parts: tuple[Part, ...]
    """It holds if all do; a part whose reports are not selected is left out."""
    manual: Manual = Manual.NOTHING
    unique_ids: bool = False
    """Whether it looks at the ids of other days, too."""

    @property
    def families(self) -> frozenset[Family]:
        """The reports it reads."""
        return frozenset(family for part in self.parts for family in (*part.needs.columns, *part.needs.helps))

    @property
    def day_before(self) -> frozenset[Family]:
        """The reports of which it needs the day before, too."""
        return frozenset(part.needs.day_before for part in self.parts if part.needs.day_before)

    def is_applicable(self, tables: Collection[str]) -> bool:
        """Whether these tables are enough for it to say something."""
        selected = families(tables)
        return any(part.needs.columns.keys() <= selected.keys() for part in self.parts)
