"""The faults that are set."""

from __future__ import annotations

from threading import Lock

from stripe_reports.sandbox.faults.fault import Fault, Occasion
from stripe_reports.sandbox.faults.kinds import On

_ANY = Occasion()


class Faults:
    """Asked on every occasion, from many threads; where none is set, the answer costs next to nothing."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = Lock()

    @property
    def are_set(self) -> bool:
        """Whether there is any fault at all."""
        return bool(self._faults)

    def add(self, fault: Fault) -> None:
        """From now on, let this happen."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """From now on, let none of them happen. What they did stays: a run that failed has failed."""
        with self._lock:
            self._faults.clear()

    def all(self) -> list[Fault]:
        """In the order in which they were set, those included that have run out."""
        with self._lock:
            return list(self._faults)

    def take(self, kind: str, occasion: Occasion = _ANY) -> Fault | None:
        """The first fault of that kind that strikes now; those set later are not touched."""
        if not self._faults:
            return None
        with self._lock:
            return next((f for f in self._faults if f.kind == kind and f.strikes(occasion)), None)

    def standing(self, kind: str, occasion: Occasion) -> Fault | None:
        """The first fault of that kind that strikes on every such occasion. To ask is no occasion."""
        if not self._faults:
            return None
        with self._lock:
            return next((f for f in self._faults if f.kind == kind and f.always_strikes(occasion)), None)

    def take_all(self, on: On, occasion: Occasion) -> tuple[Fault, ...]:
        """All faults of that kind of occasion that strike now."""
        if not self._faults:
            return ()
        with self._lock:
            return tuple(fault for fault in self._faults if fault.on == on and fault.strikes(occasion))
