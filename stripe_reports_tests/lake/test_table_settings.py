"""A table holds days of one time zone and with the same filters, whoever lands first."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier
from typing import Any

import pyarrow as pa
import pytest

from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake, TableSettings

_TABLE = "balance_summary_1"


def _claim(lake: Lake, zone: str = "UTC", /, start: int = 86400, **parameters: Any) -> None:
    lake.settled.claim(_TABLE, TableSettings.of(zone, parameters), data_available_start=start)


def _document(lake: Lake) -> Path:
    return Path(lake.root, "_tables", f"{_TABLE}.json")


def _land(lake: Lake, day: date, **facts: str) -> None:
    lake.derived.put(_TABLE, day, pa.table({"net": [1]}), made_from="a test", facts=facts)


def test_the_first_landing_writes_the_settings_and_equal_ones_may_follow(lake: Lake) -> None:
    _claim(lake, currency="EUR", columns=["net"], interval_start=1, interval_end=2)
    _claim(lake, start=172800, currency="eur")
    assert json.loads(_document(lake).read_bytes()) == {
        "format": 1,
        "timezone": "UTC",
        "printed_in": "UTC",
        "filters": {"currency": "eur"},
        "data_available_start": 86400,
    }
    assert Lake.open(lake.root).settled.data_available_start(_TABLE) == 86400
    assert lake.tables() == []


@pytest.mark.parametrize(
    ("timezone", "parameters", "text"),
    [
        ("America/New_York", {"timezone": "America/New_York"}, "this run has days in America/New_York, no"),
        ("UTC", {"timezone": "Asia/Tokyo"}, "days in UTC, times printed in Asia/Tokyo, no filters"),
        ("UTC", {"currency": "eur"}, "days in UTC, filtered by currency eur"),
        ("UTC", {"connected_accounts": ["acct_2", "acct_1"]}, "by connected_accounts acct_1,acct_2"),
    ],
)
def test_other_settings_are_refused_with_the_way_out(
    lake: Lake, timezone: str, parameters: dict[str, Any], text: str
) -> None:
    _land(lake, date(2026, 11, 16))
    _claim(lake)
    with pytest.raises(LakeError) as refused:
        _claim(lake, timezone, **parameters)
    said = str(refused.value)
    assert f"the table {_TABLE} in {lake.root} has days in UTC, no filters, and this run has" in said
    assert text in said
    assert "set STRIPE_REPORTS_LAKE to another place" in said
    assert said.endswith(f"delete {lake.root}/{_TABLE} and {lake.root}/_tables/{_TABLE}.json")
    assert "\n" not in said


@pytest.mark.parametrize(
    "parameters",
    [
        {"timezone": "Etc/UTC"},
        {"columns": ["net"], "decimal_separator": "."},
        {"interval_start": 5, "interval_end": 9, "payout": "po_1"},
    ],
)
def test_what_leaves_no_rows_out_is_no_other_setting(lake: Lake, parameters: dict[str, Any]) -> None:
    _claim(lake)
    _claim(lake, **parameters)
    _claim(lake, "Etc/UTC")


def test_the_order_of_values_is_no_other_setting(lake: Lake) -> None:
    _claim(lake, connected_accounts=["acct_1", "acct_2"])
    _claim(lake, connected_accounts=["acct_2", "acct_1"])


def test_a_table_that_an_older_version_landed_has_the_settings_of_its_newest_day(lake: Lake) -> None:
    parameters = json.dumps({"interval_start": 1, "currency": "eur", "timezone": "Europe/Berlin"})
    _land(lake, date(2026, 11, 16), timezone="UTC", parameters="{}")
    _land(lake, date(2026, 11, 17), timezone="Europe/Berlin", parameters=parameters)
    with pytest.raises(LakeError, match="has days in Europe/Berlin, filtered by currency eur, and this run"):
        _claim(lake)
    _claim(lake, "Europe/Berlin", timezone="Europe/Berlin", currency="eur")


def test_a_day_that_says_nothing_of_its_settings_takes_any(lake: Lake) -> None:
    _land(lake, date(2026, 11, 16))
    _claim(lake, currency="eur")


def test_deleting_table_and_document_is_the_way_out(lake: Lake) -> None:
    _claim(lake)
    with pytest.raises(LakeError, match=f"no day of it has landed, so delete {_document(lake)} to"):
        _claim(lake, currency="eur")
    _document(lake).unlink()
    _claim(lake, currency="eur")


def test_deleting_the_document_alone_mixes_nothing(lake: Lake) -> None:
    _claim(lake)
    _land(lake, date(2026, 11, 16), timezone="UTC", parameters="{}")
    _document(lake).unlink()
    with pytest.raises(LakeError, match="has days in UTC, no filters"):
        _claim(lake, currency="eur")


@pytest.mark.parametrize(
    "body",
    ["{", "[]", "null", '{"format": "1"}', '{"format": 1, "timezone": "UTC", "printed_in": "UTC"}'],
)
def test_a_damaged_document_stops_landing(lake: Lake, body: str) -> None:
    _claim(lake)
    _document(lake).write_text(body)
    with pytest.raises(LakeError, match=f"{_TABLE}.json is damaged"):
        _claim(lake)
    with pytest.raises(LakeError, match=f"{_TABLE}.json is damaged"):
        lake.settled.data_available_start(_TABLE)


def test_an_empty_document_is_none(lake: Lake) -> None:
    """A loss of power may leave one."""
    _claim(lake, currency="eur")
    _document(lake).write_bytes(b"")
    _claim(lake)
    assert json.loads(_document(lake).read_bytes())["filters"] == {}


def test_a_day_with_damaged_parameters_is_named(lake: Lake) -> None:
    _land(lake, date(2026, 11, 16), timezone="UTC", parameters="{")
    with pytest.raises(LakeError, match=r"date=2026-11-16.*has '\{' as run parameters"):
        _claim(lake)


def test_of_two_that_come_at_once_one_is_refused(lake: Lake) -> None:
    for _ in range(20):
        _document(lake).unlink(missing_ok=True)
        start = Barrier(2)

        def come(currency: str, start: Barrier = start) -> bool:
            start.wait()
            try:
                _claim(lake, currency=currency)
            except LakeError:
                return False
            return True

        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(come, ["eur", "usd"])) == [False, True]


def test_on_s3_it_is_the_same(aws: str, bucket: str) -> None:
    lake = Lake.open(f"s3://{bucket}/stripe")
    assert lake.settled.data_available_start(_TABLE) is None
    _claim(lake)
    _claim(lake)
    with pytest.raises(LakeError, match=f"delete s3://{bucket}/stripe/_tables/{_TABLE}.json"):
        _claim(lake, currency="eur")
