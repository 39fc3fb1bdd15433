"""A failed run is executed again from failure, in processes: only what is missing is asked for."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration import code_location
from stripe_reports_tests.orchestration.conftest import days
from stripe_reports_tests.orchestration.processes import Processes
from stripe_reports_tests.orchestration.support import expected, landed, range_tags, recorded

_DAYS = days(4)
_TABLES = ["balance_summary_1", "payouts_summary_1", "payouts_itemized_3"]
_IN_PROCESS = {"execution": {"config": {"in_process": {}}}}


def test_re_execution_from_failure_makes_only_the_report_runs_that_are_missing(
    own_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = Processes(tmp_path, own_sandbox, "balance.summary.1, payouts.summary.1, payouts.itemized.3")
    for name, value in processes.environment.items():
        monkeypatch.setenv(name, value)
    job = dg.reconstructable(code_location.job)
    own_sandbox.fault("failed", report_type="payouts.summary.1")
    with processes.instance() as instance:
        first = dg.execute_job(job, instance, tags=range_tags(_DAYS), run_config=_IN_PROCESS)
        assert not first.success
        assert recorded(instance) == expected([_TABLES[0], _TABLES[2]], _DAYS) == landed(processes.lake)

        own_sandbox.clear_faults()
        made = own_sandbox.report_runs_created
        again = dg.ReexecutionOptions.from_failure(first.run_id, instance)
        second = dg.execute_job(
            job, instance, tags=range_tags(_DAYS), run_config=_IN_PROCESS, reexecution_options=again
        )
        assert second.success
        assert own_sandbox.report_runs_created == made + len(_DAYS)
        assert recorded(instance, run_id=second.run_id) == expected(_TABLES, _DAYS) == landed(processes.lake)
        records = instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey(["stripe_reports", "balance_summary_1"])), limit=4
        ).records
        of_again = [record.asset_materialization for record in records]
        assert {each.metadata["unchanged"].value for each in of_again if each} == {True}
