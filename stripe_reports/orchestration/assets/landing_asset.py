"""The multi-asset that lands the selected reports, one partition per day."""

from collections.abc import Callable, Iterator

import dagster as dg
from pydantic import Field

from stripe_reports.orchestration.assets.checks import check_specs, evaluate_checks_alone
from stripe_reports.orchestration.assets.materialization import Materialization, StepSettings
from stripe_reports.orchestration.assets.recording import Event
from stripe_reports.orchestration.partitioned_checks import check_outputs
from stripe_reports.orchestration.reports import Reports
from stripe_reports.orchestration.resource_parameters import resource_parameters
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource


class StripeReportsConfig(dg.Config):
    """The config of one run."""

    force_new_report_run: bool = Field(
        default=False,
        description="Create new report runs, even where equal ones exist already.",
    )
    report_runs: dict[str, str] = Field(
        default={},
        description="Ids of report runs to land from, by report type, instead of creating or adopting some:"
        " report runs that were created elsewhere, of these days, and with other columns if need be.",
    )


StepEvent = Event | dg.Output[None]
"""An event that the step yields to Dagster."""
Execute = Callable[[dg.AssetExecutionContext, StripeResource, ReportLakeResource], Iterator[StepEvent]]
"""What the step does, such as `land_selected` of some reports."""


def land_selected(
    reports: Reports,
    context: dg.AssetExecutionContext,
    stripe: StripeResource,
    report_lake: ReportLakeResource,
) -> Iterator[StepEvent]:
    """Land the days and reports that the step selects, and yield what Dagster records.

    Raises dg.Failure, which says what did not land, after everything else has landed.
    """
    config = StripeReportsConfig(**context.op_execution_context.op_config)
    events = Materialization(
        context,
        [report for key, report in reports.by_key.items() if key in context.selected_asset_keys],
        StepSettings(
            account=reports.names.account,
            timezone=reports.timezone,
            range_runs=reports.range_runs,
            force_new_report_run=config.force_new_report_run,
            report_runs=config.report_runs,
        ),
    ).land(stripe, report_lake)
    stripe.close_after_execution(events)
    yield from events
    yield from evaluate_checks_alone(context, reports, report_lake)
    yield from check_outputs(context)


def landing_asset(
    reports: Reports, execute: Execute, backfill_policy: dg.BackfillPolicy | None, pool: str | None
) -> dg.AssetsDefinition:
    """Return the assets of all reports as one multi-asset of which any part can be selected.

    In one step the waits for all report runs overlap, under one limit of calls; the days and report types of
    a run still land and fail each on its own.
    """

    @dg.multi_asset(
        name=reports.op,
        specs=[report.spec for report in reports.by_id.values()],
        partitions_def=reports.partitions_def,
        check_specs=[
            spec
            for report in reports.by_id.values()
            for spec in check_specs(report.report_type, report.key, reports.partitions_def)
        ],
        can_subset=True,
        backfill_policy=backfill_policy,
        pool=pool,
    )
    @resource_parameters(reports.names)
    def land(
        context: dg.AssetExecutionContext,
        config: StripeReportsConfig,  # noqa: ARG001 - for Dagster, which shows it in the launchpad
        stripe: StripeResource,
        report_lake: ReportLakeResource,
    ) -> Iterator[StepEvent]:
        yield from execute(context, stripe, report_lake)

    return land
