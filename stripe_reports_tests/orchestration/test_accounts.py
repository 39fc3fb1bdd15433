"""Several Stripe accounts in one code location: their names never meet, and everything names its account."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_reports import (
    Alert,
    ReportLakeResource,
    ReportType,
    StripeReports,
    StripeResource,
    stripe_report_spec,
)
from stripe_reports.errors import ConfigurationError
from stripe_reports.lake import Lake
from stripe_reports.orchestration import names
from stripe_reports.orchestration.names import AccountNames
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import NEWEST, START, failure
from stripe_reports_tests.orchestration.support import recorded

_SELECT = "balance.summary.1, payouts.itemized.3"
_BASES = [name for key, name in vars(names).items() if key.isupper() and isinstance(name, str)]


def _definitions(account: str | None, **settings: Any) -> dg.Definitions:
    lake = ReportLakeResource(uri=f"lake_{account}")
    return StripeReports(account=account).definitions(
        stripe=StripeResource(), report_lake=lake, **{"downstream": "all"} | settings
    )


@pytest.mark.parametrize("count", [2, 20])
def test_accounts_merge_without_a_conflict(count: int) -> None:
    accounts = [None, *(f"account_{number}" for number in range(count - 1))]
    merged = dg.Definitions.merge(*map(_definitions, accounts))
    dg.Definitions.validate_loadable(merged)
    assert len(merged.resolve_all_asset_keys()) == count * 14
    repository = merged.get_repository_def()
    assert len(repository.schedule_defs) == count * 3
    assert len(repository.sensor_defs) == count * 4


def test_a_named_account_has_its_name_in_every_name() -> None:
    definitions = _definitions("eu")
    for key in definitions.resolve_all_asset_keys():
        assert key.path[:2] == ["stripe_reports", "eu"]
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    assert {graph.get(key).group_name for key in graph.get_all_asset_keys()} == {
        "eu_balance",
        "eu_payout_reconciliation",
        "eu_books",
    }
    jobs = {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")}
    assert jobs == {"stripe_reports_eu", "stripe_reports_submit_eu", "stripe_reports_reconcile_eu"}
    switched = [each.name for each in (*repository.schedule_defs, *repository.sensor_defs)]
    assert sorted(switched) == sorted(f"{name}_eu" for name in names.AUTOMATION)
    assert set(definitions.resources or {}) == {"stripe_eu", "report_lake_eu", "report_lake_io_manager_eu"}
    (assets,) = StripeReports(account="eu").assets
    assert assets.op.pool == "stripe_eu"


@pytest.mark.parametrize(
    ("account", "why"),
    [
        ("", "cannot be a part of Dagster's names"),
        ("E U", "cannot be a part of Dagster's names"),
        ("eu__west", "cannot be a part of Dagster's names"),
        ("daily", "begins with 'daily'"),
        ("submit_daily", "begins with 'submit'"),
        ("io_manager_eu", "begins with 'io_manager'"),
    ],
)
def test_a_name_that_would_not_do_is_refused(account: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        StripeReports(account=account)


_WORDS = ["eu", "us", "daily", "submit", "books", "io", "manager", "failed", "runs", "a"]


@given(st.lists(st.lists(st.sampled_from(_WORDS), min_size=1, max_size=3).map("_".join), max_size=6))
def test_no_two_accounts_share_a_name(accounts: list[str]) -> None:
    taken: list[tuple[str | None, set[str]]] = []
    for account in {None, *accounts}:
        try:
            own = AccountNames(account)
        except ConfigurationError:
            continue
        taken.append((account, {own.of(base) for base in _BASES}))
    for (one, first), (other, second) in combinations(taken, 2):
        assert not first & second, (one, other)


def test_a_spec_of_ones_own_must_name_the_account() -> None:
    def ours(report_type: ReportType) -> dg.AssetSpec:
        return stripe_report_spec(report_type)

    with pytest.raises(ConfigurationError, match="begin with stripe_report_spec"):
        StripeReports(account="eu", get_asset_spec=ours)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[dict[str, Sandbox]]:
    with (
        Sandbox(port=0, files_port=0, latency=0) as eu,
        Sandbox(port=0, files_port=0, latency=0) as us,
    ):
        yield {"eu": eu, "us": us}


def _two_accounts(two: dict[str, Sandbox], folder: Path) -> dg.Definitions:
    return dg.Definitions.merge(
        *(
            StripeReports(_SELECT, start_date=START, account=account).definitions(
                stripe=StripeResource(
                    api_key=sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base
                ),
                report_lake=ReportLakeResource(uri=str(folder / account)),
            )
            for account, sandbox in two.items()
        )
    )


def test_one_run_lands_a_day_of_two_accounts_each_in_its_lake(
    two: dict[str, Sandbox], tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    job = _two_accounts(two, tmp_path).resolve_implicit_global_asset_job_def()
    reports = [
        dg.AssetKey(["stripe_reports", account, table])
        for account in two
        for table in ("balance_summary_1", "payouts_itemized_3")
    ]
    done = job.execute_in_process(partition_key=str(NEWEST), instance=instance, asset_selection=reports)
    assert done.success
    for account, sandbox in two.items():
        assert sandbox.report_runs_created == 2
        assert Lake.open(str(tmp_path / account)).tables() == ["balance_summary_1", "payouts_itemized_3"]
    assert recorded(instance).total() == 4


def test_the_error_the_alert_and_the_next_run_name_the_account(
    two: dict[str, Sandbox], tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    alerts: list[Alert] = []
    reports = StripeReports("balance.summary.1", start_date=START, account="eu")
    sensor = reports.failed_runs_sensor(alert=alerts.append, request_again_after=[1e-9])
    stripe = StripeResource(
        api_key=two["eu"].key, api_base=two["eu"].api_base, files_base=two["eu"].files_base
    )
    resources = {
        "stripe_eu": stripe,
        "report_lake_eu": ReportLakeResource(uri=str(tmp_path / "eu")),
        "report_lake_io_manager_eu": dg.mem_io_manager,
    }

    def evaluate(cursor: str | None) -> dg.SensorResult:
        with dg.build_sensor_context(instance, cursor=cursor, resources=resources) as context:
            result = sensor(context)
        assert isinstance(result, dg.SensorResult)
        return result

    begun = evaluate(None)
    two["eu"].fault("failed", error="Sorry.")
    result = dg.materialize(
        reports.assets,
        partition_key=str(NEWEST),
        instance=instance,
        resources=resources,
        raise_on_error=False,
    )
    assert failure(result).startswith(f"eu balance.summary.1 {NEWEST} (report run frr_")
    told = evaluate(begun.cursor)
    (alert,) = alerts
    assert alert.account == "eu"
    assert alert.asset_key == "stripe_reports/eu/balance_summary_1"
    assert f"report run failed: eu balance.summary.1 {NEWEST} " in alert.text
    (request,) = told.run_requests or evaluate(told.cursor).run_requests or ()
    assert request.tags["stripe_reports/account"] == "eu"


@pytest.mark.parametrize("table", ["reconciliation", "daily_fees", "month_end_close"])
def test_the_error_of_what_rests_on_reports_names_the_account(
    instance: dg.DagsterInstance, table: str
) -> None:
    reports = StripeReports(account="eu", start_date="2025-01-01")
    built = [reports.reconciliation(), *reports.downstream()]
    result = dg.materialize(
        [each for each in built if each.key.path[-1] == table],
        partition_key="2025-02" if table == "month_end_close" else "2025-02-01",
        instance=instance,
        resources={"report_lake_eu": ReportLakeResource(uri="ftp://nowhere")},
        raise_on_error=False,
    )
    assert failure(result).startswith("eu: ")
    assert "is not an address of a lake" in failure(result)
