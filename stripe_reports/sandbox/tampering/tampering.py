"""A tampering: what changes on which day, and how many report runs have shown it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from stripe_reports.catalog import REPORT_TYPES, parse_day
from stripe_reports.errors import ConfigurationError, DayError
from stripe_reports.sandbox.faults.setting import read_settings
from stripe_reports.sandbox.tampering.kinds import KINDS
from stripe_reports.wording import nearest

_FORM = "DAY,KIND or DAY,KIND,key=value, such as 2026-11-20,cent"


class Tampering:
    """A tampering. `tampering["currency"]` is a setting; `applied` counts the report runs that show it.

    For a reversed or manual payout, `applied` stays 0, because the ledger itself changes.
    """

    def __init__(self, day: date | str, kind: str, settings: Mapping[str, Any]) -> None:
        """Raise ConfigurationError for an invalid day, kind or setting."""
        self.day = _day(day)
        if kind not in KINDS:
            raise ConfigurationError(
                f"unknown tampering {kind!r}{nearest(kind, KINDS)}; the kinds are {', '.join(KINDS)}"
            )
        self.kind = kind
        self.applied = 0
        self._settings = read_settings(f"tampering {kind}", KINDS[kind], settings)
        asked = self._settings.get("report_type")
        self.report_types: tuple[str, ...] = () if asked is None else _about_days(asked)
        """The report types whose rows change; none if the ledger changes."""
        if asked is not None and not self.report_types:
            raise ConfigurationError(
                f"tampering {kind}: report_type={asked} selects no report type over an interval"
                f"{nearest(asked, REPORT_TYPES)}"
            )

    @classmethod
    def from_text(cls, text: str) -> Tampering:
        """Return the tampering of `DAY,KIND` or `DAY,KIND,key=value,key=value`. Raises ConfigurationError."""
        day, *rest = (part.strip() for part in text.split(","))
        if not rest:
            raise ConfigurationError(f"tampering {text!r} is not {_FORM}; the kinds are {', '.join(KINDS)}")
        kind, *given = rest
        settings: dict[str, str] = {}
        for part in given:
            name, equals, value = part.partition("=")
            if not equals:
                raise ConfigurationError(f"tampering {text!r} is not {_FORM}")
            settings[name.strip()] = value.strip()
        return cls(day, kind, settings)

    def __getitem__(self, name: str) -> Any:
        return self._settings[name]

    @property
    def is_of_rows(self) -> bool:
        """Whether rows of reports change; if not, the ledger does."""
        return bool(self.report_types)

    @property
    def changes_a_column(self) -> bool:
        """Whether a value of a row changes, and not how often the row occurs."""
        return self.kind in ("cent", "restated")

    @property
    def settings(self) -> dict[str, Any]:
        """The settings with their defaults."""
        return {name: value for name, value in self._settings.items() if value is not None}

    def as_object(self) -> dict[str, Any]:
        """Return the day, the kind, the settings, and how many report runs have shown the tampering."""
        return {"day": self.day.isoformat(), "kind": self.kind, **self.settings, "applied": self.applied}

    def happened_in(self, currency: str) -> None:
        """Set the currency in which it happened, if the settings left it open."""
        self._settings["currency"] = currency


def _about_days(glob: str) -> tuple[str, ...]:
    """Return the matching report types that cover days; a report on one payout does not."""
    return tuple(id_ for id_, r in REPORT_TYPES.items() if r.interval != "payout" and fnmatchcase(id_, glob))


def _day(given: date | str) -> date:
    try:
        return parse_day(str(given))
    except DayError as error:
        raise ConfigurationError(f"tampering: {error}; a tampering is {_FORM}") from None
