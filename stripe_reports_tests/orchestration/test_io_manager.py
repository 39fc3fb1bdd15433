"""A downstream asset takes a landed table as a parameter, in the form and for the days it asks for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from stripe_reports import StripeReports
from stripe_reports_tests.orchestration.conftest import START, failure, materialize

_KEY = dg.AssetKey(["stripe_reports", "balance_summary_1"])
_DAYS = [date(2025, 9, 29), date(2025, 9, 30), date(2025, 10, 1)]
_DAILY = dg.DailyPartitionsDefinition(START)
_MONTHLY = dg.MonthlyPartitionsDefinition(START)


def _load(
    annotation: Any,
    instance: dg.DagsterInstance,
    resources: dict[str, Any],
    *,
    partitions_def: dg.PartitionsDefinition[str] | None = _DAILY,
    partition_key: str | None = str(_DAYS[0]),
    metadata: dict[str, Any] | None = None,
) -> tuple[dg.ExecuteInProcessResult, list[Any]]:
    got: list[Any] = []

    def body(balance):
        got.append(balance)

    body.__annotations__ = {"return": None} if annotation is None else {"balance": annotation, "return": None}
    downstream = dg.asset(
        name="downstream", ins={"balance": dg.AssetIn(_KEY, metadata=metadata)}, partitions_def=partitions_def
    )(body)
    reports = StripeReports("balance.summary.1", start_date=START).assets
    result = dg.materialize(
        [*reports, downstream],
        selection=["downstream"],
        partition_key=partition_key,
        instance=instance,
        resources=resources,
        raise_on_error=False,
    )
    return result, got


@pytest.mark.parametrize("annotation", [pd.DataFrame, pa.Table, ds.Dataset, None])
def test_the_annotation_decides_the_form(
    annotation: Any, instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    materialize(instance, resources, _DAYS[0])
    result, (value,) = _load(annotation, instance, resources)
    assert result.success
    assert isinstance(value, annotation or pa.Table)


def test_amounts_in_a_data_frame_are_decimals(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    materialize(instance, resources, _DAYS[0])
    _, (frame,) = _load(pd.DataFrame, instance, resources)
    assert frame["net_amount"].dtype == pd.ArrowDtype(pa.decimal128(38, 18))
    assert isinstance(frame["net_amount"].sum(), Decimal)


def test_a_month_gets_its_days(instance: dg.DagsterInstance, resources: dict[str, Any]) -> None:
    materialize(instance, resources, *_DAYS)
    _, (table,) = _load(
        pa.Table,
        instance,
        resources,
        partitions_def=_MONTHLY,
        partition_key="2025-09-01",
        metadata={"allow_missing_partitions": True},
    )
    assert set(table["date"].to_pylist()) == set(_DAYS[:2])


def test_a_month_with_days_missing_is_refused(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    materialize(instance, resources, *_DAYS)
    result, got = _load(pa.Table, instance, resources, partitions_def=_MONTHLY, partition_key="2025-09-01")
    assert not got
    assert "balance_summary_1" in failure(result)
    assert "2025-09-01" in failure(result), "it names what is missing"


def test_an_asset_without_partitions_gets_all_landed_days(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    materialize(instance, resources, *_DAYS)
    _, (table,) = _load(pa.Table, instance, resources, partitions_def=None, partition_key=None)
    assert set(table["date"].to_pylist()) == set(_DAYS)


def test_a_form_that_it_does_not_know_is_refused(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    materialize(instance, resources, _DAYS[0])
    result, _ = _load(list, instance, resources)
    assert "use pd.DataFrame, pa.Table or pyarrow.dataset.Dataset" in failure(result)


def test_it_stores_nothing(instance: dg.DagsterInstance, resources: dict[str, Any]) -> None:
    @dg.asset(io_manager_key="report_lake_io_manager")
    def other() -> int:
        return 1

    result = dg.materialize([other], instance=instance, resources=resources, raise_on_error=False)
    assert "only loads Stripe reports" in failure(result)
