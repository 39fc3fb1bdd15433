"""One daily-partitioned asset per report type, from a factory."""

from collections.abc import Callable, Iterable

import dagster as dg

from stripe_reports.catalog import ReportType, parse_day, select_report_types, time_zone
from stripe_reports.errors import (
    ConfigurationError,
    CsvError,
    LakeError,
    StripeReportsError,
)
from stripe_reports.landing import check_reports_on_days, land_day
from stripe_reports.orchestration.metadata import (
    REPORT_TYPE,
    column_schema,
    description,
    failure_metadata,
    landed_metadata,
)
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource

KEY_PREFIX = "stripe_reports"
IO_MANAGER_KEY = "report_lake_io_manager"
START_DATE = "2023-01-01"

_LONGEST_TAG = 63

_TRYING_AGAIN_WILL_NOT_HELP = (ConfigurationError, CsvError, LakeError)


def stripe_report_spec(report_type: ReportType) -> dg.AssetSpec:
    """The asset of a report type: key `["stripe_reports", "balance_summary_1"]`, group, kinds, columns.

    Stripe's id is its metadata `report_type`, and a tag where Dagster allows a tag of that length.
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
    get_asset_spec: Callable[[ReportType], dg.AssetSpec] = stripe_report_spec,
) -> list[dg.AssetsDefinition]:
    """Assets that land the selected report types, one partition per day.

    `select`: ids, globs (`payouts.*`) and presets (`core`). A partition is a day in `timezone`, from local
    midnight to local midnight. `partitions_def`: give one that exists already, instead of `start_date` and
    `timezone`, to share it with other assets. `get_asset_spec`: change keys' prefixes, groups, owners or
    tags before the assets are built; the last part of a key stays the table's name.

    The assets need the resources `stripe` (StripeResource) and `report_lake` (ReportLakeResource), and
    `report_lake_io_manager` (ReportLakeIOManager) where another asset takes one as a parameter.

    Raises UnknownReportTypeError, ConfigurationError or DayError for what makes no sense.
    """
    partitions = partitions_def or daily_partitions(start_date, timezone)
    return [
        _asset(report_type, _checked(get_asset_spec(report_type), report_type), partitions)
        for report_type in _daily(select)
    ]


def daily_partitions(start_date: str, timezone: str) -> dg.DailyPartitionsDefinition:
    """Days of a time zone; assets of one job must share one such definition."""
    return dg.DailyPartitionsDefinition(parse_day(start_date).isoformat(), timezone=time_zone(timezone).key)


def _daily(select: str | Iterable[str]) -> list[ReportType]:
    """The selected types that report on days. One that reports on a payout is left out of a glob or preset,
    and refused where it is named by its id."""
    parts = select.replace(",", " ").split() if isinstance(select, str) else list(select)
    selected = select_report_types(parts)
    for report_type in selected:
        if report_type.id in parts:
            check_reports_on_days(report_type)
    return [report_type for report_type in selected if report_type.interval != "payout"]


def _checked(spec: dg.AssetSpec, report_type: ReportType) -> dg.AssetSpec:
    if spec.key.path[-1] != report_type.table:
        raise ConfigurationError(
            f"get_asset_spec returned the key {spec.key.to_user_string()!r}; its last part must be"
            f" {report_type.table!r}, the table's name",
            report_type=report_type.id,
        )
    return spec.with_io_manager_key(IO_MANAGER_KEY)


def _asset(
    report_type: ReportType, spec: dg.AssetSpec, partitions: dg.DailyPartitionsDefinition
) -> dg.AssetsDefinition:
    # multi_asset, because only it takes an AssetSpec as it is.
    @dg.multi_asset(name="__".join(spec.key.path), specs=[spec], partitions_def=partitions)
    def land(
        context: dg.AssetExecutionContext, stripe: StripeResource, report_lake: ReportLakeResource
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        try:
            landed = land_day(
                report_type,
                parse_day(context.partition_key),
                api=stripe.api,
                lake=report_lake.lake,
                timezone=partitions.timezone,
                polling=stripe.polling,
                tell=context.log.info,
            )
        except StripeReportsError as error:
            error.at(report_type=report_type.id, day=parse_day(context.partition_key))
            raise dg.Failure(
                str(error),
                metadata=failure_metadata(error),
                allow_retries=not isinstance(error, _TRYING_AGAIN_WILL_NOT_HELP),
            ) from None
        return dg.MaterializeResult(metadata=landed_metadata(landed))

    return land
