"""The asset `reconciliation`: its table, a check for each identity, and the chain of balances."""

import json
import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import ReportLakeResource, StripeReports
from stripe_reports.catalog import select_report_types
from stripe_reports.errors import ConfigurationError
from stripe_reports.lake import Lake, OfferedReports
from stripe_reports.orchestration.books.outcomes import chain_evaluation
from stripe_reports.reconcile import IDENTITIES, Chain
from stripe_reports_tests.core_lake import a_cent_off, rewrite, without_row
from stripe_reports_tests.orchestration.conftest import FOUR_DAYS, failure
from stripe_reports_tests.orchestration.support import check_rows, range_tags

_FIRST = date(2025, 9, 1)
_DAYS = FOUR_DAYS
_DAY = _DAYS[2]
_START = "2025-09-01"
_KEY = dg.AssetKey(["stripe_reports", "reconciliation"])
_ACTIVITY = "balance_change_from_activity_itemized_3"
_BALANCE = "balance_summary_1"
_EVERY = {*IDENTITIES, "chain", "all_days"}
Severity = dg.AssetCheckSeverity


@pytest.fixture
def reports() -> StripeReports:
    return StripeReports("core", start_date=_START)


Run = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def run(instance: dg.DagsterInstance, lake: Lake, reports: StripeReports) -> Run:
    """Reconcile these days, the reports not landing."""

    def run(*days: date, others: Sequence[dg.AssetsDefinition] = (), **settings: Any) -> Any:
        reconciliation = reports.reconciliation(**settings)
        return dg.materialize(
            [reconciliation, *others],
            tags=range_tags(days) if len(days) > 1 else None,
            partition_key=str(days[0]) if len(days) == 1 else None,
            instance=instance,
            resources={"report_lake": ReportLakeResource(uri=lake.root)},
            raise_on_error=False,
        )

    return run


def _failed(result: dg.ExecuteInProcessResult, day: date = _DAY) -> dict[str, dg.AssetCheckEvaluation]:
    return {
        each.check_name: each
        for each in result.get_asset_check_evaluations()
        if not each.passed and each.partition == str(day)
    }


def _broken(result: dg.ExecuteInProcessResult, day: date = _DAY) -> set[str]:
    return {name for name, each in _failed(result, day).items() if each.severity is Severity.ERROR}


def _records(evaluation: dg.AssetCheckEvaluation, name: str) -> list[dict[str, Any]]:
    return [dict(record.data) for record in evaluation.metadata[name].value.records]  # type: ignore[union-attr]


@dg.asset(
    deps=[_KEY],
    partitions_def=dg.DailyPartitionsDefinition(_START),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def statement(context: dg.AssetExecutionContext) -> None:
    context.log.info("built")


def test_where_the_books_agree_every_check_passes(run: Run, lake: Lake) -> None:
    result = run(_DAY, others=[statement])
    assert result.success
    assert {each.check_name for each in result.get_asset_check_evaluations()} == _EVERY
    assert _failed(result) == {}
    rows = lake.read_table("reconciliation", [_DAY]).to_pylist()
    assert {row["identity"] for row in rows} == set(IDENTITIES)
    assert {row["currency"] for row in rows} == {"usd", "eur", "jpy", "kwd"}
    assert {row["outcome"] for row in rows} == {"holds"}
    assert all(row["residual"] == 0 and row["reason"] == "" for row in rows)


def test_the_table_says_which_csvs_were_compared(run: Run, lake: Lake) -> None:
    run(_DAY)
    evidence = json.loads(lake.provenance("reconciliation", _DAY)["made_from"])
    tables = [each.table for each in select_report_types("core")]
    assert evidence == {table: lake.provenance(table, _DAY)["csv_sha256"] for table in tables}


def test_one_cent_in_one_row_turns_the_right_checks_red_and_shows_the_row(run: Run, lake: Lake) -> None:
    row = lake.read_table(_ACTIVITY, [_DAY]).to_pylist()[3]
    rewrite(lake, _ACTIVITY, _DAY, a_cent_off("net", 3))
    result = run(_DAY)
    assert _broken(result) == set(_failed(result)) == {"I3", "I4", "I5"}
    shown = _failed(result)["I3"]
    (broken,) = [each for each in _records(shown, "outcomes") if each["outcome"] == "broken"]
    assert (broken["currency"], broken["residual"].lstrip("-")) == (row["currency"], "0.01")
    looked_at = _records(shown, "rows_to_look_at")
    assert row["balance_transaction_id"] in {each["id"] for each in looked_at}
    assert shown.metadata["rows_to_look_at_count"].value == len(looked_at)
    assert (shown.description or "").startswith(f"Broken in {row['currency']}: ")


def test_the_columns_that_the_ui_shows_are_those_of_the_table(
    run: Run, lake: Lake, reports: StripeReports
) -> None:
    run(_DAY)
    (spec,) = reports.reconciliation().specs
    shown = [column.name for column in spec.metadata["dagster/column_schema"].columns]
    assert [*shown, "date"] == lake.dataset("reconciliation").schema.names


def test_nothing_is_built_on_broken_books(run: Run, lake: Lake, instance: dg.DagsterInstance) -> None:
    rewrite(lake, _ACTIVITY, _DAY, without_row())
    result = run(_DAY, others=[statement])
    assert not result.success
    assert instance.get_materialized_partitions(_KEY) == {str(_DAY)}, "what came of it is recorded"
    assert not instance.get_materialized_partitions(statement.key)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"blocking": False}, {"severity": Severity.WARN}], ids=str)
def test_unless_that_is_wanted(run: Run, lake: Lake, settings: dict[str, Any]) -> None:
    rewrite(lake, _ACTIVITY, _DAY, without_row())
    result = run(_DAY, others=[statement], **settings)
    assert result.success
    assert {"I3", "I4"} <= set(_failed(result))
    assert [each.asset_key for each in result.get_asset_materialization_events()] == [_KEY, statement.key]


def test_one_identity_may_only_warn(run: Run, lake: Lake) -> None:
    rewrite(lake, _ACTIVITY, _DAY, a_cent_off("net"))
    result = run(_DAY, severity={"I3": Severity.WARN})
    assert (set(_failed(result)), _broken(result)) == ({"I3", "I4", "I5"}, {"I4", "I5"})


def test_days_in_one_run_are_recorded_and_checked_each_on_its_own(
    run: Run, lake: Lake, instance: dg.DagsterInstance
) -> None:
    rewrite(lake, _ACTIVITY, _DAY, a_cent_off("net"))
    result = run(*_DAYS[1:], blocking=False)
    assert result.success
    assert [_broken(result, day) for day in _DAYS[1:]] == [set(), {"I3", "I4", "I5"}, set()]
    counts = {
        event.partition: event.materialization.metadata["broken"].value
        for event in result.get_asset_materialization_events()
    }
    assert counts == {str(_DAYS[1]): 0, str(_DAY): 3, str(_DAYS[3]): 0}
    assert check_rows(instance, "reconciliation", "I5") == {
        (str(_DAYS[1]), "SUCCEEDED"): 1,
        (str(_DAY), "FAILED"): 1,
        (str(_DAYS[3]), "SUCCEEDED"): 1,
    }


def test_what_has_not_landed_warns_and_says_so(run: Run, lake: Lake) -> None:
    Path(lake.uri("payouts_itemized_3", _DAY)).unlink()
    result = run(_DAY)
    assert result.success
    assert _broken(result) == set()
    assert "I6" in _failed(result)
    assert f"payouts_itemized_3 of {_DAY}" in (_failed(result)["I6"].description or "")


def test_what_is_not_applicable_has_not_passed_either(run: Run) -> None:
    result = run(_FIRST)
    assert set(_failed(result, _FIRST)) == {"I2", "I10"}, "the tables begin with this day"
    assert _broken(result, _FIRST) == set()
    assert (_failed(result, _FIRST)["I2"].description or "").startswith("Not applicable")


def test_the_chain_is_held_over_all_days_that_have_landed(run: Run, lake: Lake) -> None:
    def moved(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A balance a cent higher all day: the day agrees with itself, and not with its neighbours."""
        (start, end) = [
            number
            for number, row in enumerate(rows)
            if row["currency"] == "usd" and row["category"] in ("starting_balance", "ending_balance")
        ]
        return a_cent_off("net_amount", end)(a_cent_off("net_amount", start)(rows))

    rewrite(lake, _BALANCE, _DAYS[1], moved)
    result = run(_DAYS[3])
    assert _broken(result, _DAYS[3]) == {"chain"}
    links = _records(_failed(result, _DAYS[3])["chain"], "broken")
    assert [(each["day"], each["residual"]) for each in links] == [
        (str(_DAYS[1]), "0.01"),
        (str(_DAYS[2]), "-0.01"),
    ]


def test_a_day_that_lacks_in_the_chain_warns(run: Run, lake: Lake) -> None:
    Path(lake.uri(_BALANCE, _DAYS[1])).unlink()
    chained = _failed(run(_DAYS[3]), _DAYS[3])["chain"]
    assert chained.severity is Severity.WARN
    assert chained.metadata["not_landed"].value == [str(_DAYS[1])]


def test_checks_alone_write_no_table(
    lake: Lake, reports: StripeReports, instance: dg.DagsterInstance
) -> None:
    result = dg.materialize(
        [reports.reconciliation()],
        selection=dg.AssetSelection.checks_for_assets(_KEY),
        tags=range_tags([_DAY]),
        instance=instance,
        resources={"report_lake": ReportLakeResource(uri=lake.root)},
    )
    assert {each.check_name for each in result.get_asset_check_evaluations()} == _EVERY
    assert "reconciliation" not in lake.tables()


def test_a_table_that_cannot_be_read_fails_in_one_line(run: Run, lake: Lake) -> None:
    Path(lake.uri(_ACTIVITY, _DAY)).write_bytes(b"no Parquet")
    result = run(_DAY)
    assert not result.success
    assert lake.uri(_ACTIVITY, _DAY) in failure(result)
    assert "\n" not in failure(result)


def test_identities_whose_reports_are_not_selected_have_no_checks() -> None:
    select = "balance.summary.1, balance_change_from_activity.itemized.3"
    reconciliation = StripeReports(select).reconciliation()
    assert {key.name for key in reconciliation.check_keys} == {
        *("I1", "I2", "I3", "I5", "I11", "I12"),
        *("chain", "all_days"),
    }


@pytest.mark.parametrize(
    ("select", "settings", "told"),
    [
        ("tax.*", {}, "there is nothing to reconcile"),
        ("core", {"identities": ["I13"]}, "'I13' is not an identity"),
        ("core", {"severity": {"I99": Severity.WARN}}, "'I99', which is not an identity"),
    ],
)
def test_what_makes_no_sense_is_refused(select: str, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        StripeReports(select).reconciliation(**settings)


def test_what_the_account_does_not_offer_is_said_once(run: Run, lake: Lake, capfd: Any) -> None:
    paid = ("payout_reconciliation_itemized_5", "payout_reconciliation_summary_1")
    OfferedReports(lake).keep(each.id for each in select_report_types("core") if each.table not in paid)
    for table in paid:
        shutil.rmtree(Path(lake.root, table))
    result = run(*_DAYS)
    assert result.success
    assert _broken(result) == set()
    assert set(_failed(result)) == {"I7", "I8", "I10"}
    (all_days,) = [each for each in result.get_asset_check_evaluations() if each.check_name == "all_days"]
    assert all_days.passed, "reports that are not offered leave no day without its tables"
    assert all_days.description == f"{len(_DAYS)} of {len(_DAYS)} days agree"
    assert capfd.readouterr().err.count("this account does not offer payout_reconciliation.itemized") == 1


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (Chain(None, None, 0, 0, (), ()), "No day of the balance summary has landed."),
        (
            Chain(_DAY, _DAY, 1, 0, (), (), (_DAYS[0], _DAYS[1])),
            "Days of another time zone, which are not compared: 2025-09-01, 2025-09-02.",
        ),
    ],
)
def test_a_chain_that_compares_nothing_has_not_passed(found: Chain, told: str) -> None:
    evaluated = chain_evaluation(_KEY, "chain", str(_DAY), found, severity=Severity.ERROR, blocking=True)
    assert (evaluated.passed, evaluated.severity, evaluated.description) == (False, Severity.WARN, told)


def test_in_a_run_in_which_the_books_are_broken_nothing_is_built_on_them(
    lake: Lake, instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    defs = StripeReports(start_date=_START).definitions(
        stripe=resources["stripe"],
        report_lake=ReportLakeResource(uri=lake.root),
        downstream="all",
    )
    job = defs.resolve_job_def("stripe_reports_reconcile")
    for day, count in ((_DAYS[0], 0), (_DAY, 1)):
        rewrite(lake, _ACTIVITY, day, a_cent_off("net") if count == 0 else list)
        job.execute_in_process(partition_key=str(day), instance=instance, raise_on_error=False)
        for table in ("daily_activity", "daily_fees", "payout_statements"):
            assert len(lake.days(table)) == count, table
