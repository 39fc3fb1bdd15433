"""The landed month: as it is, to be changed, closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from stripe_reports.close import Closing, close_month
from stripe_reports.lake import Lake
from stripe_reports_tests.close.landed_month import FIRST, TABLES, copied, landed_month


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Do not change it."""
    return landed_month(tmp_path_factory.mktemp("month") / "lake")


@pytest.fixture
def lake(month: Lake, tmp_path: Path) -> Lake:
    """The same month, to be changed."""
    return copied(month, tmp_path / "lake")


@pytest.fixture(scope="session")
def closing(month: Lake, tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Closing]:
    """The month, closed. Do not change it."""
    lake = copied(month, tmp_path_factory.mktemp("closed") / "lake")
    return lake, close_month(lake, FIRST, tables=TABLES)


@pytest.fixture
def closed(closing: tuple[Lake, Closing], tmp_path: Path) -> Lake:
    """The same, to be changed."""
    return copied(closing[0], tmp_path / "closed")
