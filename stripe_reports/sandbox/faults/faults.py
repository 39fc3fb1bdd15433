"""The active faults."""

from __future__ import annotations

from threading import Lock

from stripe_reports.sandbox.faults.fault import Fault, Occasion
from stripe_reports.sandbox.faults.kinds import On

_ANY = Occasion()


class Faults:
    """The active faults. Many threads ask on every occasion; without faults, that costs almost nothing."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = Lock()

    @property
    def are_set(self) -> bool:
        """Whether there are any faults."""
        return bool(self._faults)

    def add(self, fault: Fault) -> None:
        """Add a fault, from now on."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults. What they did stays: a failed run has failed."""
        with self._lock:
            self._faults.clear()

    def all(self) -> list[Fault]:
        """Return all faults in the order in which they were added, including those that have run out."""
        with self._lock:
            return list(self._faults)

    def take(self, kind: str, occasion: Occasion = _ANY) -> Fault | None:
        """Return the first fault of that kind that strikes now. For later ones, this does not count."""
        if not self._faults:
            return None
        with self._lock:
            return next((f for f in self._faults if f.kind == kind and f.strikes(occasion)), None)

    def standing(self, kind: str, occasion: Occasion) -> Fault | None:
        """Return the first fault of that kind that always strikes here. Asking is no occasion."""
        if not self._faults:
            return None
        with self._lock:
            return next((f for f in self._faults if f.kind == kind and f.always_strikes(occasion)), None)

    def take_all(self, on: On, occasion: Occasion) -> tuple[Fault, ...]:
        """Return all faults of that kind of occasion that strike now."""
        if not self._faults:
            return ()
        with self._lock:
            return tuple(fault for fault in self._faults if fault.on == on and fault.strikes(occasion))
