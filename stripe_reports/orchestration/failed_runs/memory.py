"""The cursor of the failed-runs sensor: what it remembers from one evaluation to the next."""

import logging
from datetime import date
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

# More than these is rare, and is in the log; a cursor must stay small.
_MOST_WAITING = 500
_MOST_OPEN = 200
_MOST_HANDLED = 500
_MOST_UNSENT = 50

_Each = TypeVar("_Each")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Waiting(_Part):
    """A request that is due later, for the days that a Dagster run did not land or for those of a report run.

    It has the run's id and not its partitions, which are in Dagster's records.
    """

    at: float
    """Unix seconds."""
    attempt: int
    run_id: str | None = None
    report_run: str | None = None
    report_type: str = ""
    first: date = date.min
    last: date = date.min
    since: float = 0.0
    """A Dagster run that has failed at these days since then has its own attempts."""


class OpenRun(_Part):
    """A report run that Stripe has marked failed, and whose days have landed or may still land."""

    report_run: str
    report_type: str
    first: date
    last: date
    created: int
    error: str
    since: float


class Unsent(_Part):
    """An alert that is not sent yet."""

    body: dict[str, Any]
    tries: int = 0


class Memory(_Part):
    """The cursor's content, of bounded size."""

    format: Literal[1] = 1
    runs: str
    """Dagster's cursor of failed runs."""
    waiting: list[Waiting] = Field(default_factory=list)
    feed: dict[str, Any] | None = None
    """The position in the feed of Stripe's failed report runs."""
    asked_at: float = 0.0
    """When that feed was last read."""
    open: list[OpenRun] = Field(default_factory=list)
    handled_runs: dict[str, float] = Field(default_factory=dict)
    """Report runs that have been handled, and when."""
    unsent: list[Unsent] = Field(default_factory=list)
    handled: list[str] = Field(default_factory=list)
    """Names in the inbox to remove once this cursor is stored."""

    @classmethod
    def from_cursor(cls, cursor: str | None, log: logging.Logger) -> "Memory | None":
        """Return the content of a cursor; None if there is none, or none that can be read (logged)."""
        if not cursor:
            return None
        try:
            return cls.model_validate_json(cursor)
        except ValidationError:
            log.warning(
                "the sensor's cursor is damaged or from an earlier version; starting with failures from now"
                " on"
            )
            return None

    def to_cursor(self, log: logging.Logger) -> str:
        """Return the cursor as text; what exceeds the bounds is dropped (logged)."""
        self.waiting = _first(sorted(self.waiting, key=lambda each: each.at), _MOST_WAITING, "requests", log)
        self.open = _first(self.open, _MOST_OPEN, "failed report runs", log)
        self.unsent = _first(self.unsent, _MOST_UNSENT, "alerts", log)
        newest = sorted(self.handled_runs.items(), key=lambda each: each[1])[-_MOST_HANDLED:]
        self.handled_runs = dict(newest)
        return self.model_dump_json(exclude_defaults=True)


def _first(parts: list[_Each], most: int, name: str, log: logging.Logger) -> list[_Each]:
    if len(parts) > most:
        log.error(f"more than {most} {name} are waiting; dropping {len(parts) - most} of them")
    return parts[:most]
