"""What a probe of the doctor found: one line with a status."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How well it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and somebody may want to know."""
    FAILED = "failed"
    """Landing does not work, or not for all that is selected."""
    UNKNOWN = "unknown"
    """It could not be looked at, because something else failed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, what was found, and what to do."""

    probe: str
    status: Status
    found: str
    to_do: str = ""

    @property
    def line(self) -> str:
        """The finding as text."""
        text = f"{self.found}; {self.to_do}" if self.to_do else self.found
        return f"{self.status:<8} {self.probe:<17} {' '.join(text.split())}"

    def as_json(self) -> dict[str, Any]:
        """Return the finding as an object."""
        return asdict(self)


def ok(probe: str, found: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding(probe, Status.OK, found)


def warning(probe: str, found: str, to_do: str = "") -> Finding:
    """Return a finding that somebody may want to know."""
    return Finding(probe, Status.WARNING, found, to_do)


def failed(probe: str, found: str, to_do: str = "") -> Finding:
    """Return a finding that keeps landing from working."""
    return Finding(probe, Status.FAILED, found, to_do)


def unknown(probe: str, why: str) -> Finding:
    """Return that something could not be looked at."""
    return Finding(probe, Status.UNKNOWN, why)
