"""Asset checks of the report assets."""

from collections.abc import Container, Iterator, Sequence
from datetime import date

import dagster as dg

from stripe_reports.catalog import ReportType, parse_day
from stripe_reports.errors import LakeError, StripeReportsError
from stripe_reports.orchestration.assets.day_warnings import DayWarnings, recorded_changes, warnings_of_file
from stripe_reports.orchestration.partitioned_checks import partitioned_check_spec, with_targets
from stripe_reports.orchestration.reports import Reports
from stripe_reports.orchestration.resources import ReportLakeResource

SCHEMA_CHECK = "schema"
PAYOUTS_CHECK = "payouts"
RESTATED_CHECK = "restated"
_DESCRIPTIONS = {
    SCHEMA_CHECK: "The day has the columns that the catalog knows, and no others.",
    PAYOUTS_CHECK: "Stripe reports on each payout of the day.",
    RESTATED_CHECK: "Where the day replaced an older table, its amounts are the same as before.",
}


def check_specs(
    report_type: ReportType, key: dg.AssetKey, partitions: dg.DailyPartitionsDefinition
) -> Sequence[dg.AssetCheckSpec]:
    """Return the checks of a day: `schema`; for a report on payouts `payouts`; where rows change later,
    `restated`."""
    return [
        partitioned_check_spec(name, key, _DESCRIPTIONS[name], partitions) for name in _checks(report_type)
    ]


def all_checks(report_type: ReportType, key: dg.AssetKey) -> Sequence[dg.AssetCheckKey]:
    """Return the keys of the checks of a day."""
    return [dg.AssetCheckKey(key, name) for name in _checks(report_type)]


def check_evaluations(
    report_type: ReportType,
    key: dg.AssetKey,
    day: date,
    warnings: DayWarnings,
    selected: Container[dg.AssetCheckKey],
) -> Iterator[dg.AssetCheckEvaluation]:
    """Yield the day's evaluations, which warn about columns that Stripe sent unexpectedly or did not know,
    about payouts of the day that Stripe does not report on, whose transactions the table lacks, and about
    amounts that differ from those in the table that the day replaced.

    Evaluations rather than results, because a result of a run over several days would belong to none of them.
    Every selected check is evaluated, `restated` also where nothing was replaced: if anything else in the run
    fails, Dagster shows a check that was planned and not evaluated as failed.
    """
    found = {
        SCHEMA_CHECK: (not warnings.in_columns, warnings.in_columns),
        PAYOUTS_CHECK: (not warnings.in_payouts, warnings.in_payouts),
        RESTATED_CHECK: (not warnings.amounts_changed, dict(warnings.changes or {})),
    }
    for name in _checks(report_type):
        if dg.AssetCheckKey(key, name) in selected:
            passed, metadata = found[name]
            yield dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=name,
                partition=day.isoformat(),
                passed=passed,
                severity=dg.AssetCheckSeverity.WARN,
                description=None if passed else f"See {', '.join(metadata)}.",
                metadata=metadata,
            )


def evaluate_checks_alone(
    context: dg.AssetExecutionContext, reports: Reports, report_lake: ReportLakeResource
) -> Iterator[dg.AssetCheckEvaluation]:
    """Yield the evaluations of checks that are selected without their assets: they look at the table in the
    lake, and at the changes that Dagster has recorded.

    Raises Failure for a day that is not there.
    """
    account = reports.names.account
    checked = {check.asset_key for check in context.selected_asset_check_keys} - context.selected_asset_keys
    for report in reports.by_id.values():
        if report.key not in checked:
            continue
        evaluations: list[dg.AssetCheckEvaluation] = []
        days = [parse_day(partition) for partition in context.partition_keys]
        changes = recorded_changes(context.instance, report.key, days)
        for day in days:
            try:
                found = report_lake.lake.landed(report.report_type.table, day)
            except StripeReportsError as error:
                raise dg.Failure(str(error.at(account=account)), allow_retries=False) from None
            if found is None:
                missing = LakeError(
                    "there is no table to check; materialize the day first",
                    report_type=report.report_type.id,
                    day=day,
                )
                raise dg.Failure(str(missing.at(account=account)), allow_retries=False)
            selected = context.selected_asset_check_keys
            warnings = warnings_of_file(found, changes.get(day, {}))
            evaluations += check_evaluations(report.report_type, report.key, day, warnings, selected)
        yield from with_targets(context.instance, evaluations)


def _checks(report_type: ReportType) -> Sequence[str]:
    on_payouts = [PAYOUTS_CHECK] if report_type.interval == "payout" else []
    return [SCHEMA_CHECK, *on_payouts, *([RESTATED_CHECK] if report_type.rows_change else [])]
