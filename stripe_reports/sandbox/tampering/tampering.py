"""One tampering: what is done to which day, and how often it was told."""

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
    """`tampering["currency"]` is a setting; `applied` is how many report runs told of it.

    For a payout that is reversed or manual, `applied` stays 0: the books are so, in whatever is told of them.
    """

    def __init__(self, day: date | str, kind: str, settings: Mapping[str, Any]) -> None:
        """Raises ConfigurationError for a day, a kind or a setting that makes no sense."""
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
        """Those whose rows it is about; none if it is about the books."""
        if asked is not None and not self.report_types:
            raise ConfigurationError(
                f"tampering {kind}: report_type={asked} selects no report type over an interval"
                f"{nearest(asked, REPORT_TYPES)}"
            )

    @classmethod
    def from_text(cls, text: str) -> Tampering:
        """A tampering from `DAY,KIND` or `DAY,KIND,key=value,key=value`. Raises ConfigurationError."""
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
        """Whether rows are told otherwise; if not, the books are."""
        return bool(self.report_types)

    @property
    def changes_a_column(self) -> bool:
        """Whether a value of a row changes, and not how often the row stands there."""
        return self.kind in ("cent", "restated")

    @property
    def settings(self) -> dict[str, Any]:
        """Those that are set, by default or by hand."""
        return {name: value for name, value in self._settings.items() if value is not None}

    def as_object(self) -> dict[str, Any]:
        """The day, the kind, the settings, and how many report runs told of it."""
        return {"day": self.day.isoformat(), "kind": self.kind, **self.settings, "applied": self.applied}

    def happened_in(self, currency: str) -> None:
        """Say in which currency it came to be, where that was left open."""
        self._settings["currency"] = currency


def _about_days(glob: str) -> tuple[str, ...]:
    """A report on one payout is about none."""
    return tuple(id_ for id_, r in REPORT_TYPES.items() if r.interval != "payout" and fnmatchcase(id_, glob))


def _day(given: date | str) -> date:
    try:
        return parse_day(str(given))
    except DayError as error:
        raise ConfigurationError(f"tampering: {error}; a tampering is {_FORM}") from None
