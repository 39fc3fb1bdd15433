"""`stripe-reports status`: how far each table is, without opening what a listing shows."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from stripe_reports import ReportLakeResource, StripeReports, StripeResource
from stripe_reports.catalog import newest_complete_day
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.cli.running import run
from stripe_reports_tests.lake.support import land, stripe_csv

_NEWEST = newest_complete_day(datetime.now(UTC))
_ITEMIZED = "balance_change_from_activity_itemized_3"
_CSV = stripe_csv(["net", "currency"], [("1.00", "usd"), ("2.00", "usd")])


def _days_before(*numbers: int) -> list[date]:
    return [_NEWEST - timedelta(days=number) for number in numbers]


def _fill(lake: Lake) -> None:
    """Days with a gap of two, the last of them three days ago, and a day of a table that is made here."""
    for day in _days_before(7, 6, 3):
        land(lake, _CSV, day=day, facts={"timezone": "UTC"})
    lake.derived.put("daily_activity", _NEWEST, pa.table({"count": [1]}), made_from="{}")


def _status(*arguments: str, **variables: str) -> dict[str, dict[str, Any]]:
    done = run("status", "--json", *arguments, **variables)
    assert (done.code, done.err) == (0, ""), done.err
    return {each["table"]: each for each in json.loads(done.out)}


def test_days_gaps_sizes_and_age_come_from_a_listing_and_a_footer_of_each_table(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path / "lake"))
    _fill(lake)
    for day in _days_before(7, 6):
        Path(lake.uri(_ITEMIZED, day)).write_bytes(b"no Parquet")  # not opened
    select = {"STRIPE_REPORTS_SELECT": "balance.summary.1"}
    found = _status("--lake", lake.root, **select)
    assert list(found) == [_ITEMIZED, "balance_summary_1", "daily_activity"]
    itemized = found[_ITEMIZED]
    first, last = _days_before(7, 3)
    gap = _days_before(5, 4)
    assert (itemized["days"], itemized["first_day"], itemized["last_day"]) == (3, str(first), str(last))
    assert (itemized["missing_days"], itemized["missing"]) == (2, [f"{gap[0]} to {gap[1]}"])
    assert itemized["bytes"] == 20 + Path(lake.uri(_ITEMIZED, last)).stat().st_size
    assert (itemized["stripe_has"], itemized["days_behind"]) == (str(_NEWEST), 3)
    assert itemized["rows"] is None
    assert found["balance_summary_1"]["freshness"] == "nothing landed"
    assert found["daily_activity"]["freshness"] == "made here"
    assert itemized["failures_known"] is False
    shown = run("status", "--lake", lake.root, **select).out
    assert f"Missing: {gap[0]} to {gap[1]}, in {_ITEMIZED}" in shown
    assert "3 days behind" in shown
    assert "Failures are not known: DAGSTER_HOME is not set." in shown


def test_rows_are_counted_on_demand_and_csv_has_the_same_fields(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path / "lake"))
    _fill(lake)
    (row,) = csv.DictReader(io.StringIO(run("status", _ITEMIZED, "--rows", "--csv", "--lake", lake.root).out))
    assert (row["rows"], row["days"], row["failure"]) == ("6", "3", "")
    assert "  6  " in run("status", _ITEMIZED, "--rows", "--lake", lake.root).out


def test_a_damaged_newest_file_costs_only_its_own_age(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path / "lake"))
    _fill(lake)
    Path(lake.uri(_ITEMIZED, _days_before(3)[0])).write_bytes(b"no Parquet")
    found = _status("--lake", lake.root)
    assert found[_ITEMIZED]["freshness"] == "unknown: the newest file is damaged"
    assert found[_ITEMIZED]["days"] == 3
    done = run("status", "--rows", "--lake", lake.root)
    assert (done.code, len(done.err.splitlines())) == (1, 1)


def test_a_lake_on_s3_is_listed(bucket: str) -> None:
    lake = Lake.open(f"s3://{bucket}/stripe")
    _fill(lake)
    assert _status("--lake", lake.root)[_ITEMIZED]["missing_days"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("account", [None, "eu"])
def test_a_failure_is_shown_until_its_day_lands(
    account: str | None, sandbox: Sandbox, tmp_path: Path
) -> None:
    home, lake = tmp_path / "home", tmp_path / "lake"
    home.mkdir()
    day = str(_NEWEST)
    bases = {"api_base": sandbox.api_base, "files_base": sandbox.files_base}

    def materialize(key: str) -> None:
        reports = StripeReports("balance.summary.1", start_date=day, account=account)
        assets = reports.definitions(
            stripe=StripeResource(api_key=key, **bases), report_lake=ReportLakeResource(uri=str(lake))
        )
        job = f"stripe_reports_{account}" if account else "stripe_reports"
        with dg.DagsterInstance.from_config(str(home)) as instance:
            assets.resolve_job_def(job).execute_in_process(
                instance=instance, partition_key=day, raise_on_error=False
            )

    def failed() -> dict[str, Any]:
        named = ["--account", account] if account else []
        variables = {"DAGSTER_HOME": str(home), "STRIPE_REPORTS_SELECT": "balance.summary.1"}
        return _status("--lake", str(lake), *named, **variables)["balance_summary_1"]

    lake.mkdir()
    materialize("sk_test_a_wrong_one")
    failure = failed()
    assert (failure["failed_day"], failure["last_day"]) == (day, None)
    assert "Stripe refused the key" in failure["failure"]
    materialize(sandbox.key)
    landed = failed()
    assert (landed["failures_known"], landed["failed_day"], landed["last_day"]) == (True, None, day)


def test_without_usable_records_the_rest_is_shown(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path / "lake"))
    _fill(lake)
    done = run("status", "--lake", lake.root, DAGSTER_HOME=str(tmp_path / "none"))
    assert done.code == 0
    assert "Failures are not known: DAGSTER_HOME is" in done.out
