"""A fault: what goes wrong, where, and how often."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox.faults.kinds import KINDS, On, settings_of
from stripe_reports.sandbox.faults.setting import read_settings
from stripe_reports.sandbox.ledger.chance import chance

_NEXT_SETTING = re.compile(r",(?=\s*[a-z_]+\s*=)")
"""The commas between settings; a comma in a value, such as an error's text, has no name and `=` after it."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """An occasion on which a fault may strike; unknown fields are empty."""

    report_type: str = ""
    method: str = ""
    path: str = ""


class Fault:
    """A fault. `fault["seconds"]` is a setting, and `applied` counts how often it has struck."""

    def __init__(self, kind: str, settings: Mapping[str, Any]) -> None:
        """Raise ConfigurationError for an unknown kind, or an unknown or invalid setting."""
        if kind not in KINDS:
            raise ConfigurationError(f"unknown fault {kind!r}; the kinds are {', '.join(KINDS)}")
        self.kind = kind
        self.applied = 0
        self._settings = read_settings(f"fault {kind}", settings_of(KINDS[kind]), settings)
        if self["count"] is not None and self["probability"] is not None:
            raise ConfigurationError(f"fault {kind}: give either a count or a probability")
        if self["seed"] is not None and self["probability"] is None:
            raise ConfigurationError(f"fault {kind}: a seed needs a probability")
        self._chance = chance("fault", 1 if self["seed"] is None else self["seed"])

    @classmethod
    def from_text(cls, text: str) -> Fault:
        """Return the fault of `KIND` or `KIND:key=value,key=value`. Raises ConfigurationError."""
        kind, _, rest = text.partition(":")
        settings: dict[str, str] = {}
        for part in _NEXT_SETTING.split(rest) if rest.strip() else ():
            name, equals, value = part.partition("=")
            if not equals:
                raise ConfigurationError(
                    f"fault {text!r} is not KIND:key=value,key=value; the kinds are {', '.join(KINDS)}"
                )
            settings[name.strip()] = value.strip()
        return cls(kind.strip(), settings)

    def __getitem__(self, name: str) -> Any:
        return self._settings[name]

    @property
    def on(self) -> On:
        """The kind of occasion on which the fault may strike."""
        return KINDS[self.kind].on

    def always_strikes(self, occasion: Occasion) -> bool:
        """Return whether the fault strikes on every occasion like this. Asking does not count as one."""
        return self["count"] is None and self["probability"] is None and self._is_met_by(occasion)

    def strikes(self, occasion: Occasion) -> bool:
        """Return whether the fault strikes now. If it applies here, this counts as one of its occasions."""
        if not self._is_met_by(occasion):
            return False
        if self["count"] is not None and self.applied >= self["count"]:
            return False
        if self["probability"] is not None and self._chance.random() >= self["probability"]:
            return False
        self.applied += 1
        return True

    def as_object(self) -> dict[str, Any]:
        """Return the kind, the settings with their defaults, and how often the fault has struck."""
        known = {name: value for name, value in self._settings.items() if value is not None}
        return {"kind": self.kind, **known, "applied": self.applied}

    def _is_met_by(self, occasion: Occasion) -> bool:
        given = self._settings.get
        report_type, method, path = given("report_type"), given("method"), given("path")
        return (
            (report_type is None or fnmatchcase(occasion.report_type, report_type))
            and (method is None or occasion.method == method.upper())
            and (path is None or fnmatchcase(occasion.path, path))
        )
