"""One daily-partitioned asset per report type, from a factory."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import dagster as dg
from pydantic import Field

from stripe_reports.catalog import ReportType, parse_day, select_report_types, time_zone
from stripe_reports.errors import ConfigurationError
from stripe_reports.landing import ReportRequest, itemized_payouts
from stripe_reports.orchestration.checks import check_outputs, check_specs
from stripe_reports.orchestration.materialization import (
    Materialization,
    StepSettings,
    evaluate_checks_alone,
)
from stripe_reports.orchestration.metadata import REPORT_TYPE, column_schema, description
from stripe_reports.orchestration.recording import Event, Report
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource

KEY_PREFIX = "stripe_reports"
IO_MANAGER_KEY = "report_lake_io_manager"
START_DATE = "2023-01-01"

_LONGEST_TAG = 63


_SINGLE_RUN = dg.BackfillPolicy.single_run()


class StripeReportsConfig(dg.Config):
    """What can be set for one run."""

    force_new_report_run: bool = Field(
        default=False,
        description="Ask Stripe for new report runs, even where equal ones exist already.",
    )
    report_runs: dict[str, str] = Field(
        default={},
        description="Ids of report runs to land from, by report type, instead of making or looking for some:"
        " runs that were made elsewhere, of these days, and with other columns if need be.",
    )


def stripe_report_spec(report_type: ReportType) -> dg.AssetSpec:
    """The asset of a report type: key `["stripe_reports", "balance_summary_1"]`, group, kinds, columns.

    Stripe's id is its metadata `stripe_reports/report_type`, and a tag where Dagster allows so long a tag.
    """
    return dg.AssetSpec(
        key=[KEY_PREFIX, report_type.table],
        description=description(report_type),
        group_name=report_type.group,
        kinds={"stripe", "parquet"},
        tags={REPORT_TYPE: report_type.id} if len(report_type.id) <= _LONGEST_TAG else {},
        metadata={
            "dagster/column_schema": column_schema(report_type),
            "dagster/table_name": report_type.table,
            REPORT_TYPE: report_type.id,
            "interval": report_type.interval,
        },
    )


def build_stripe_report_assets(
    select: str | Iterable[str] = "core",
    *,
    start_date: str = START_DATE,
    timezone: str = "UTC",
    partitions_def: dg.DailyPartitionsDefinition | None = None,
    requests: Mapping[str, ReportRequest] | None = None,
    get_asset_spec: Callable[[ReportType], dg.AssetSpec] = stripe_report_spec,
    name: str | None = None,
    range_runs: bool = True,
    backfill_policy: dg.BackfillPolicy | None = _SINGLE_RUN,
    pool: str | None = None,
) -> list[dg.AssetsDefinition]:
    """Assets that land the selected report types, one partition per day.

    They are one multi-asset of which any part can be selected, so that the waits for all report runs overlap,
    under one limit of calls; the days and report types of a run still land and fail on their own.

    `select`: ids, globs (`payouts.*`) and presets (`core`). A partition is a day in `timezone`, from local
    midnight to local midnight. `partitions_def`: give one that exists already, instead of `start_date` and
    `timezone`, to share it with other assets. `requests`: columns and run parameters, by report type, glob or
    preset; for a report type that several name, the last one counts. `get_asset_spec`: change keys' prefixes,
    groups, owners or tags before the assets are built; the last part of a key stays the table's name.
    `name`: of the multi-asset's op, by default `land__` and what the keys begin with. `range_runs`: whether
    days of an itemized report may come from one report run of up to a calendar month. `backfill_policy`: by
    default all days of a backfill are one Dagster run. `pool`: Dagster's concurrency pool that the step
    counts in.

    The assets need the resources `stripe` (StripeResource) and `report_lake` (ReportLakeResource), and
    `report_lake_io_manager` (ReportLakeIOManager) where another asset takes one as a parameter.

    Raises UnknownReportTypeError, ConfigurationError or DayError for what makes no sense.
    """
    partitions = partitions_def or daily_partitions(start_date, timezone)
    selected = {report_type.id: report_type for report_type in select_report_types(select)}
    asked = requests_by_id(requests or {}, selected)
    specs = {id_: _checked(get_asset_spec(each), each) for id_, each in selected.items()}
    reports = [
        Report(report_type, _after_its_payouts(report_type, specs), asked[id_])
        for id_, report_type in selected.items()
    ]
    return [
        _reports(
            name or "__".join(["land", *(reports[0].key.path[:-1] or [KEY_PREFIX])]),
            reports,
            partitions,
            range_runs=range_runs,
            backfill_policy=backfill_policy,
            pool=pool,
        )
    ]


def daily_partitions(start_date: str, timezone: str) -> dg.DailyPartitionsDefinition:
    """Days of a time zone; assets of one job must share one such definition."""
    return dg.DailyPartitionsDefinition(parse_day(start_date).isoformat(), timezone=time_zone(timezone).key)


def requests_by_id(
    given: Mapping[str, ReportRequest], selected: Mapping[str, ReportType]
) -> dict[str, ReportRequest]:
    """What each selected report type is asked for. Raises ConfigurationError for what makes no sense."""
    asked = dict.fromkeys(selected, ReportRequest())
    for pattern, request in given.items():
        named = [each for each in select_report_types(pattern) if each.id in selected]
        if not named:
            raise ConfigurationError(f"a request is given for {pattern!r}, which is not selected")
        for report_type in named:
            request.check(report_type)
            asked[report_type.id] = request
    return asked


def _checked(spec: dg.AssetSpec, report_type: ReportType) -> dg.AssetSpec:
    if spec.key.path[-1] != report_type.table:
        raise ConfigurationError(
            f"get_asset_spec returned the key {spec.key.to_user_string()!r}; its last part must be"
            f" {report_type.table!r}, the table's name",
            report_type=report_type.id,
        )
    known = spec.merge_attributes(metadata={REPORT_TYPE: report_type.id})  # the sensor goes by it
    return known.with_io_manager_key(IO_MANAGER_KEY)


def _after_its_payouts(report_type: ReportType, specs: Mapping[str, dg.AssetSpec]) -> dg.AssetSpec:
    """A report on payouts comes after the report that lists them, where that is selected as well."""
    spec = specs[report_type.id]
    if report_type.interval != "payout":
        return spec
    upstream = next((specs[each.id] for each in itemized_payouts(report_type) if each.id in specs), None)
    return spec if upstream is None else spec.replace_attributes(deps=[*spec.deps, upstream.key])


def _reports(
    name: str,
    reports: Sequence[Report],
    partitions: dg.DailyPartitionsDefinition,
    *,
    range_runs: bool,
    backfill_policy: dg.BackfillPolicy | None,
    pool: str | None,
) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=name,
        specs=[report.spec for report in reports],
        partitions_def=partitions,
        check_specs=[
            check for report in reports for check in check_specs(report.report_type, report.key, partitions)
        ],
        can_subset=True,
        backfill_policy=backfill_policy,
        pool=pool,
    )
    def land(
        context: dg.AssetExecutionContext,
        config: StripeReportsConfig,
        stripe: StripeResource,
        report_lake: ReportLakeResource,
    ) -> Iterator[Event | dg.Output[None]]:
        events = Materialization(
            context,
            {report.key: report for report in reports if report.key in context.selected_asset_keys},
            StepSettings(
                timezone=partitions.timezone,
                range_runs=range_runs,
                force_new_report_run=config.force_new_report_run,
                report_runs=config.report_runs,
            ),
        ).land(stripe, report_lake)
        stripe.close_after_execution(events)
        yield from events
        yield from evaluate_checks_alone(context, reports, report_lake)
        yield from check_outputs(context)

    return land
