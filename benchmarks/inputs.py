"""The CSVs that are landed, made when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks import FIRST_DAY


@dataclass(frozen=True, slots=True)
class Inputs:
    """Files in `folder`; one that is there is used as it is. `tell` is given a line about what is made."""

    folder: Path
    small_mb: float
    large_mb: float
    month_days: int = 31
    tell: Callable[[str], None] = lambda _: None

    def small(self) -> Path:
        """The rows of one day."""
        return self._whole(f"day-{self.small_mb:g}mb.csv", lambda path: self._generate(path, self.small_mb))

    def large(self) -> Path:
        """The rows of one day that needs more memory than there should be."""
        return self._whole(f"day-{self.large_mb:g}mb.csv", lambda path: self._generate(path, self.large_mb))

    def days(self) -> Sequence[Path]:
        """The days of a month, together as large as the small one."""
        return [self._day(number) for number in range(self.month_days)]

    def month(self) -> Path:
        """The same rows in one file."""
        from benchmarks.generate import join

        days = self.days()
        return self._whole(f"month-{self.small_mb:g}mb.csv", lambda path: join(days, path))

    def _day(self, number: int) -> Path:
        from benchmarks.generate import generate

        day = FIRST_DAY + timedelta(number)

        def make(path: Path) -> None:
            generate(path, self.small_mb / self.month_days, first_day=day, seed=1 + number)

        return self._whole(f"{day}-of-{self.small_mb:g}mb.csv", make)

    def _generate(self, path: Path, megabytes: float) -> None:
        from benchmarks.generate import generate

        name = path.name.removesuffix(_UNFINISHED)
        generate(path, megabytes, tell=lambda size: self.tell(f"making {name}: {size / 1e6:,.0f} MB"))

    def _whole(self, name: str, make: Callable[[Path], object]) -> Path:
        """The file of that name, which is only there once all of it is."""
        path = self.folder / name
        if not path.exists():
            self.tell(f"making {name}")
            unfinished = path.with_name(name + _UNFINISHED)
            make(unfinished)
            unfinished.replace(path)
        return path


_UNFINISHED = ".unfinished"
