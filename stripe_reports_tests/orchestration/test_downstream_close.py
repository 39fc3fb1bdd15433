"""`month_end_close`: a month's books as an asset."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import ReportLakeResource
from stripe_reports.lake import Lake
from stripe_reports.orchestration.books.downstream.month_end_close import monthly_partitions
from stripe_reports_tests.close.landed_month import DAYS, PAID, copied, landed_month
from stripe_reports_tests.core_lake import rewrite, without_row
from stripe_reports_tests.orchestration.conftest import failure
from stripe_reports_tests.orchestration.downstream_support import REPORTS
from stripe_reports_tests.orchestration.support import facts

_MONTH = "2025-02"


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Do not change it."""
    return landed_month(tmp_path_factory.mktemp("month") / "lake")


@pytest.fixture
def lake(month: Lake, tmp_path: Path) -> Lake:
    return copied(month, tmp_path / "lake")


def _close(
    lake: Lake,
    instance: dg.DagsterInstance,
    *,
    config: dict[str, Any] | None = None,
    last: str = _MONTH,
    **more: Any,
) -> dg.ExecuteInProcessResult:
    range_ = {"dagster/asset_partition_range_start": _MONTH, "dagster/asset_partition_range_end": last}
    return dg.materialize(
        REPORTS.downstream("month_end_close", **more),
        partition_key=_MONTH if last == _MONTH else None,
        tags=None if last == _MONTH else range_,
        instance=instance,
        resources={"report_lake": ReportLakeResource(uri=lake.root)},
        run_config={"ops": {"stripe_reports__month_end_close": {"config": config}}} if config else None,
        raise_on_error=False,
    )


def test_a_closed_month_shows_its_trial_balance_totals_documents_and_numbers_to_plot(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    result = _close(lake, instance)
    assert result.success
    ((place, about),) = facts(result).items()
    assert place == ("month_end_close", _MONTH)
    for name, uri in about["documents"].items():
        assert Path(uri) == Path(lake.root, "_closed", "2025-02", name)
        assert Path(uri).exists()
    shown = [",".join(record.data.values()) for record in about["trial_balance"].records]
    csv = Path(about["documents"]["trial_balance.csv"]).read_text(encoding="utf-8").splitlines()
    assert shown == csv[1:]
    usd = next(r.data for r in about["totals"].records if r.data["currency"] == "USD")
    for name in ("net", "fee", "closing"):
        assert about[f"{name}_usd_minor_units"] == int(usd[name].replace(".", ""))
    assert (about["waived"], about["unused_waivers"], about["changed_documents"]) == ({}, [], [])
    assert not about["closed_before"]


def test_a_month_that_does_not_agree_fails_in_one_line_unless_it_is_waived(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    day = next(day for day in DAYS if lake.read_table(PAID, [day]).num_rows)
    rewrite(lake, PAID, day, without_row())
    refused = _close(lake, instance, waivers={"I7": "Stripe is asked"})
    assert f"I8 is broken on {day}" in failure(refused)
    assert "\n" not in failure(refused)
    assert not facts(refused)
    config = {"waivers": {"I8": "Stripe is asked, too"}}
    (about,) = facts(_close(lake, instance, waivers={"I7": "Stripe is asked"}, config=config)).values()
    assert about["waived"] == {"I7": "Stripe is asked", "I8": "Stripe is asked, too"}


def test_of_a_range_of_months_those_that_were_closed_before_one_fails_are_recorded(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    result = _close(lake, instance, last="2025-03")
    assert "have not landed; materialize these days first" in failure(result)
    assert set(facts(result)) == {("month_end_close", _MONTH)}


@pytest.mark.slow
def test_a_closed_month_moves_only_if_the_run_says_so(lake: Lake, instance: dg.DagsterInstance) -> None:
    assert _close(lake, instance).success
    accounts = {"charge": "Income:Sales"}
    assert "close it with reclose: true" in failure(_close(lake, instance, accounts=accounts))
    (about,) = facts(_close(lake, instance, accounts=accounts, config={"reclose": True})).values()
    assert "journal.beancount" in about["changed_documents"]
    assert "Income:Sales" in Path(about["documents"]["journal.beancount"]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("start", "timezone", "first"),
    [
        ("2025-01-15", "Europe/Berlin", "2025-02"),
        ("2025-12-31", "UTC", "2026-01"),
        ("2025-03-01", "America/New_York", "2025-03"),
    ],
)
def test_months_begin_with_the_first_whole_one_in_the_same_time_zone(
    start: str, timezone: str, first: str
) -> None:
    months = monthly_partitions(dg.DailyPartitionsDefinition(start, timezone=timezone))
    assert months.get_first_partition_key() == first
    assert months.timezone == timezone


def test_a_month_depends_on_its_days() -> None:
    assets = REPORTS.downstream("month_end_close")
    (spec,) = assets[0].specs
    months = assets[0].partitions_def
    assert months is not None
    for dep in spec.deps:
        assert dep.partition_mapping is not None
        days = dep.partition_mapping.get_upstream_mapped_partitions_result_for_partitions(
            months.subset_with_partition_keys([_MONTH]), months, REPORTS.partitions_def
        ).partitions_subset.get_partition_keys()
        assert [date.fromisoformat(day) for day in days] == list(DAYS), dep.asset_key
