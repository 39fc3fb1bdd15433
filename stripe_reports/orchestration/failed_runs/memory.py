"""What the sensor of failed runs remembers from one evaluation to the next: its cursor."""

import logging
from datetime import date
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

# What is behind these bounds is rare, and lies in the log; a cursor has to stay small.
_MOST_WAITING = 500
_MOST_OPEN = 200
_MOST_TOLD = 500
_MOST_UNSENT = 50

_Each = TypeVar("_Each")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Waiting(_Part):
    """A request that is due later: for what a Dagster run failed to land, or for days of one report run.

    It names the run and not its partitions, which Dagster's records hold.
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
    """A Dagster run that has failed at these days since then counts for itself."""


class OpenRun(_Part):
    """A report run that Stripe has marked failed, while a Dagster run may be at its days or they landed."""

    report_run: str
    report_type: str
    first: date
    last: date
    created: int
    error: str
    since: float


class Unsent(_Part):
    """An alert that is still to be sent."""

    body: dict[str, Any]
    tries: int = 0


class Memory(_Part):
    """Bounded, however much fails."""

    format: Literal[1] = 1
    runs: str
    """Dagster's cursor of failed runs."""
    waiting: list[Waiting] = Field(default_factory=list)
    feed: dict[str, Any] | None = None
    """Where the feed of Stripe's failed report runs goes on."""
    asked_at: float = 0.0
    """When Stripe was asked for it."""
    open: list[OpenRun] = Field(default_factory=list)
    told: dict[str, float] = Field(default_factory=dict)
    """Report runs that are dealt with, and when."""
    unsent: list[Unsent] = Field(default_factory=list)
    handled: list[str] = Field(default_factory=list)
    """Names in the inbox that can go once this is stored."""

    @classmethod
    def from_cursor(cls, cursor: str | None, log: logging.Logger) -> "Memory | None":
        """What a cursor holds; None where there is none that can be read, which is said in the log."""
        if not cursor:
            return None
        try:
            return cls.model_validate_json(cursor)
        except ValidationError:
            log.warning(
                "the sensor's cursor is from an earlier version or damaged: it starts anew, with what fails"
                " from now on"
            )
            return None

    def to_cursor(self, log: logging.Logger) -> str:
        """As text; what is beyond the bounds is left out, which is said in the log."""
        self.waiting = _first(sorted(self.waiting, key=lambda each: each.at), _MOST_WAITING, "requests", log)
        self.open = _first(self.open, _MOST_OPEN, "failed report runs", log)
        self.unsent = _first(self.unsent, _MOST_UNSENT, "alerts", log)
        newest = sorted(self.told.items(), key=lambda each: each[1])[-_MOST_TOLD:]
        self.told = dict(newest)
        return self.model_dump_json(exclude_defaults=True)


def _first(parts: list[_Each], most: int, name: str, log: logging.Logger) -> list[_Each]:
    if len(parts) > most:
        log.error(f"more than {most} {name} wait; {len(parts) - most} of them are dropped")
    return parts[:most]
