"""Events, as Stripe lists and delivers them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stripe_reports.sandbox.faults import Faults

_API_VERSION = "2026-08-26"


@dataclass(frozen=True, slots=True)
class Event:
    """An event (https://docs.stripe.com/api/events/object); `subject` is the object as it was then."""

    id: str
    created: int
    livemode: bool
    type: str
    subject: Mapping[str, Any]

    def as_object(self) -> dict[str, Any]:
        """Return Stripe's object of the event."""
        return {
            "id": self.id,
            "object": "event",
            "api_version": _API_VERSION,
            "created": self.created,
            "data": {"object": dict(self.subject)},
            "livemode": self.livemode,
            "pending_webhooks": 0,
            "request": {"id": None, "idempotency_key": None},
            "type": self.type,
        }


class Events:
    """All events since the sandbox started."""

    def __init__(self, *, livemode: bool) -> None:
        self._livemode = livemode
        self._events: list[Event] = []

    def add(self, type_: str, created: int, subject: Mapping[str, Any]) -> None:
        """Add an event about the subject."""
        id_ = f"evt_1{secrets.token_hex(11)}"
        self._events.append(Event(id_, created, self._livemode, type_, subject))

    def newest_first(self) -> list[Event]:
        """Return all events, newest first."""
        return sorted(self._events, key=lambda event: event.created)[::-1]

    def since(self, count: int) -> list[Event]:
        """Return the events after the first `count`, in the order in which they were added."""
        return self._events[count:]

    def find(self, id_: str) -> Event | None:
        """Return the event with that id, if any."""
        return next((event for event in self._events if event.id == id_), None)


def with_event_faults(page: list[Event], has_more: bool, faults: Faults) -> list[Event]:
    """Return the page with its events doubled or in another order, if such faults strike.

    If there is another page, the last event stays last, because it is the cursor to the next page.
    """
    if faults.take("unordered_events"):
        movable, cursor = (page[:-1], page[-1:]) if has_more else (page, [])
        page = [*reversed(movable), *cursor]
    if faults.take("duplicate_events"):
        page = [event for event in page for _ in range(2)]
    return page
