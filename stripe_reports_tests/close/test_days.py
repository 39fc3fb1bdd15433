"""The days that books are of: those that the account has, whole, and of one time zone."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from stripe_reports.close import Closing, close_month
from stripe_reports.errors import CloseError
from stripe_reports.lake import Lake
from stripe_reports.landing import ReportRequest
from stripe_reports_tests.close.landed_month import (
    ACTIVITY,
    BALANCE,
    DAYS,
    FIRST,
    PAYOUTS,
    TABLES,
    copied,
    landed_month,
)

_BEGAN = date(2025, 2, 19)
_REST = [day for day in DAYS if day >= _BEGAN]
_UNPAID = "ending_balance_reconciliation_itemized_4"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """An account that began on 2025-02-19. Do not change it."""
    return landed_month(tmp_path_factory.mktemp("begun") / "lake", _REST, start_date=_BEGAN)


def _close(lake: Lake, timezone: str = "UTC") -> Closing:
    return close_month(lake, FIRST, tables=TABLES, timezone=timezone, waivers={"I2": "not needed"})


def _refusal(lake: Lake, timezone: str = "UTC") -> str:
    with pytest.raises(CloseError) as refused:
        _close(lake, timezone)
    assert not Path(lake.root, "_closed").exists()
    return str(refused.value)


def _settings(lake: Lake, table: str) -> Path:
    return Path(lake.root, "_tables", f"{table}.json")


def test_the_month_in_which_an_account_began_closes_from_its_first_day_on(
    begun: Lake, tmp_path: Path
) -> None:
    lake = copied(begun, tmp_path / "lake")
    closing = _close(lake)
    assert (closing.month.first, closing.month.last) == (_BEGAN, DAYS[-1])
    assert closing.books.opening_entries == [], "it began with nothing"
    said = json.loads(Path(lake.root, "_closed", "2025-02", "close.json").read_bytes())
    assert (said["month"], said["first_day"], said["counts"]["days"]) == ("2025-02", "2025-02-19", 10)
    assert list(said["evidence"][PAYOUTS]) == [str(day) for day in _REST]
    assert said["counts"]["transactions"] == lake.read_table(ACTIVITY).num_rows > 0


def test_an_account_that_began_within_a_day_opens_with_what_its_first_whole_day_starts_with(
    tmp_path: Path,
) -> None:
    """Its first day in New York begins five hours after it did."""
    timezone = "America/New_York"
    lake = landed_month(tmp_path / "lake", _REST, start_date=_BEGAN, timezone=timezone)
    closing = _close(lake, timezone)
    rows = lake.read_table(BALANCE, _REST[:1]).to_pylist()
    starting = {r["currency"] for r in rows if r["category"] == "starting_balance" and r["net_amount"]}
    assert {entry.currency for entry in closing.books.opening_entries} == starting != set()
    assert {entry.day for entry in closing.books.opening_entries} == {_BEGAN - timedelta(days=1)}


@pytest.mark.parametrize("lost", [[0], [0, 1], [4]])
def test_a_day_of_the_account_that_is_missing_is_still_demanded(
    begun: Lake, tmp_path: Path, lost: list[int]
) -> None:
    """Also where none lands before it: Stripe had its data."""
    lake = copied(begun, tmp_path / "lake")
    for number in lost:
        Path(lake.uri(PAYOUTS, _REST[number])).unlink()
    assert f"{PAYOUTS} of {_REST[lost[-1]]}" in _refusal(lake)


def test_days_that_stripe_had_when_the_first_one_landed_are_demanded(begun: Lake, tmp_path: Path) -> None:
    """In test mode the start of Stripe's data moves: what was there and did not land has not ended to be."""
    lake = copied(begun, tmp_path / "lake")
    place = _settings(lake, BALANCE)
    said = json.loads(place.read_text())
    place.write_text(json.dumps(said | {"data_available_start": said["data_available_start"] - 86400}))
    assert f"{BALANCE} of 2025-02-18" in _refusal(lake)
    # As a lake has it whose first day landed before this was written down: what there was is not known.
    place.write_text(json.dumps(said | {"data_available_start": said["data_available_start"] + 86400}))
    assert f"{BALANCE} of 2025-02-01" in _refusal(lake)
    place.unlink()
    assert f"{BALANCE} of 2025-02-01" in _refusal(lake)


@pytest.mark.slow
def test_a_snapshot_may_begin_a_day_earlier(tmp_path: Path) -> None:
    """The end of the day before is the first instant of the account."""
    before = _BEGAN - timedelta(days=1)
    lake = landed_month(tmp_path / "lake", _REST, start_date=_BEGAN)
    select = "ending_balance_reconciliation.itemized.4"
    other = landed_month(tmp_path / "other", [before, *_REST], start_date=_BEGAN, select=select)
    Path(other.root, _UNPAID).rename(Path(lake.root, _UNPAID))
    _settings(other, _UNPAID).rename(_settings(lake, _UNPAID))
    closing = close_month(lake, FIRST, tables=[*TABLES, _UNPAID])
    assert closing.month.first == _BEGAN


def test_a_month_with_a_filter_is_refused_and_says_which(tmp_path: Path) -> None:
    requests = {"payouts.itemized.3": ReportRequest(parameters={"currency": "eur"})}
    lake = landed_month(tmp_path / "lake", _REST, start_date=_BEGAN, requests=requests)
    text = _refusal(lake)
    assert f"{PAYOUTS} of 2025-02-19 has the rows of currency eur only" in text
    assert "land its days without that filter" in text


def test_a_month_of_another_time_zone_is_refused_and_names_both(begun: Lake, tmp_path: Path) -> None:
    lake = copied(begun, tmp_path / "lake")
    for table in TABLES:
        _settings(lake, table).unlink()
        Path(lake.uri(table, _BEGAN)).parent.rename(Path(lake.root, table, "date=2025-02-01"))
    for day in DAYS[1:]:
        for table in TABLES:
            place = Path(lake.uri(table, day)).parent
            place.mkdir(exist_ok=True)
            Path(lake.uri(table, day)).write_bytes(Path(lake.uri(table, FIRST)).read_bytes())
    assert "is a day in UTC, and the month's days are in Asia/Tokyo" in _refusal(lake, "Asia/Tokyo")
