"""The tables of days as they were before a landing."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from threading import Lock
from typing import IO, TYPE_CHECKING, Self

from stripe_reports.catalog import ReportType
from stripe_reports.errors import LakeError
from stripe_reports.landing.shared import Shared

if TYPE_CHECKING:
    from stripe_reports.lake import Difference

_COPIES_AT_ONCE = 8
_COMPARING = Lock()
"""Held by the one comparison in a process: it takes some hundred bytes of memory for each row."""


class Before:
    """Copies of the days' tables, for as long as the `with` block lasts, to show what a landing has changed.

    A table that cannot be copied or compared is one warning: its day lands all the same.
    """

    def __init__(self, shared: Shared, report_type: ReportType, days: Sequence[date]) -> None:
        self._shared = shared
        self._report_type = report_type
        self._days = days
        self._copies: dict[date, IO[bytes]] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with self._open, ThreadPoolExecutor(min(_COPIES_AT_ONCE, len(self._days))) as threads:
            for day, copy in zip(self._days, threads.map(self._copy, self._days), strict=True):
                if copy is not None:
                    self._copies[day] = self._open.enter_context(copy)
            self._open = self._open.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def difference(self, day: date) -> Difference | None:
        """Return the difference from the table before; None if there was none, or it cannot be compared."""
        before = self._copies.get(day)
        if before is None:
            return None
        try:
            with _COMPARING:
                if self._shared.stopped.is_set():  # the landed day is reported at once
                    raise LakeError("the landing was stopped")
                return self._shared.lake.replaced.difference(self._report_type, day, before)
        except Exception as raised:  # noqa: BLE001 - the day has landed all the same
            self._warn(day, "has landed; it could not be compared with the table before", raised)
            return None

    def _copy(self, day: date) -> IO[bytes] | None:
        try:
            return self._shared.lake.replaced.copy(self._report_type.table, day)
        except Exception as raised:  # noqa: BLE001 - the day lands all the same
            self._warn(day, "will not be compared with the table before", raised)
            return None

    def _warn(self, day: date, what: str, raised: Exception) -> None:
        self._shared.warn(f"{self._report_type.id} {day} {what}: {self._shared.error_of(raised)}")
