"""Where one request in twenty fails, every day lands all the same, with the same rows."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from stripe_reports.catalog import select_report_types
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import days, resources_for
from stripe_reports_tests.orchestration.support import (
    assert_verified,
    expected,
    landed,
    materialize_range,
    recorded,
)

_TABLES = [report_type.table for report_type in select_report_types("core")]


@pytest.mark.slow
@pytest.mark.parametrize("count", [10, 60])
def test_every_day_lands_with_the_rows_of_an_untroubled_landing(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, tmp_path: Path, count: int
) -> None:
    range_ = days(count)
    untroubled = resources_for(own_sandbox, tmp_path / "untroubled", adopt_within_hours=0.0)
    assert materialize_range(instance, untroubled, range_, select="core").success
    needed = own_sandbox.report_runs_created
    faults = [
        own_sandbox.fault("status", code=429, probability=0.02, seed=1),
        own_sandbox.fault("status", code=500, probability=0.02, seed=2),
        own_sandbox.fault("reset", probability=0.01, seed=3),
    ]
    troubled = resources_for(own_sandbox, tmp_path / "troubled", adopt_within_hours=0.0)
    with dg.DagsterInstance.ephemeral() as records:
        result = materialize_range(records, troubled, range_, select="core")
        assert result.success
        assert recorded(records) == expected(_TABLES, range_)
    assert all(fault.applied for fault in faults)
    assert own_sandbox.report_runs_created == 2 * needed
    one, other = untroubled["report_lake"].lake, troubled["report_lake"].lake
    assert landed(one) == landed(other) == expected(_TABLES, range_)
    for table in _TABLES:
        assert one.read_table(table, range_).equals(other.read_table(table, range_)), table
    assert_verified(other)
