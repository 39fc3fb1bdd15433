"""Rules that every file of the package keeps, each as one test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import stripe_reports

ROOT = Path(stripe_reports.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))


def each_file(rule: Callable[[Path], None]) -> Callable[[], None]:
    """Make one test of a rule that raises AssertionError for a file, and name all files that break it."""

    def test() -> None:
        broken = []
        for path in FILES:
            try:
                rule(path)
            except AssertionError as error:
                broken.append(f"{path.relative_to(ROOT)}: {error}")
        assert not broken, "\n".join(broken)

    test.__name__, test.__doc__ = rule.__name__, rule.__doc__
    return test
