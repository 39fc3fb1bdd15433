"""The names that users may rely on, spelled out: adding or losing one is a decision, not an accident."""

from __future__ import annotations

import subprocess
import sys

import pytest

import stripe_reports

_NAMES = [
    "REPORT_TYPES",
    "Alert",
    "Lake",
    "ReportLakeIOManager",
    "ReportLakeResource",
    "ReportRequest",
    "ReportType",
    "StripeReports",
    "StripeReportsComponent",
    "StripeReportsError",
    "StripeResource",
    "read",
    "select_report_types",
    "stripe_report_spec",
]


def test_these_names_are_exported_and_no_others() -> None:
    assert sorted(stripe_reports.__all__) == sorted(_NAMES)


@pytest.mark.parametrize("name", _NAMES)
def test_each_name_is_there_and_documented(name: str) -> None:
    found = getattr(stripe_reports, name)
    assert not callable(found) or found.__doc__


_PARTS = [
    "assets",
    "availability_sensor",
    "books_sensor",
    "daily_schedule",
    "definitions",
    "downstream",
    "failed_runs_sensor",
    "job",
    "land",
    "partitions_def",
    "pickup_sensor",
    "reconcile_job",
    "reconciliation",
    "repull_schedule",
    "submit_job",
    "submit_schedule",
]


def test_these_are_the_parts_of_stripe_reports_and_each_is_documented() -> None:
    parts = {name: part for name, part in vars(stripe_reports.StripeReports).items() if name[0] != "_"}
    assert sorted(parts) == _PARTS
    assert all(part.__doc__ for part in parts.values())


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = stripe_reports.nothing


def test_importing_the_catalog_costs_neither_dagster_nor_pyarrow() -> None:
    heavy = ("dagster", "pyarrow", "stripe")
    code = f"import sys, stripe_reports.catalog; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_the_lake_costs_neither_pyarrow_nor_pandas() -> None:
    heavy = ("pyarrow", "pandas", "numpy", "boto3", "stripe")
    code = f"import sys, stripe_reports.lake; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
