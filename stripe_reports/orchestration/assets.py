"""One daily-partitioned asset per report type, from a factory."""

from collections.abc import Callable, Iterable, Mapping

import dagster as dg

from stripe_reports.catalog import ReportType, parse_day, select_report_types, time_zone
from stripe_reports.errors import (
    ConfigurationError,
    CsvError,
    LakeError,
    StripeReportsError,
)
from stripe_reports.landing import ReportRequest, itemized_payouts, land_day
from stripe_reports.orchestration.checks import check_results, check_specs
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
) -> list[dg.AssetsDefinition]:
    """Assets that land the selected report types, one partition per day.

    `select`: ids, globs (`payouts.*`) and presets (`core`). A partition is a day in `timezone`, from local
    midnight to local midnight. `partitions_def`: give one that exists already, instead of `start_date` and
    `timezone`, to share it with other assets. `requests`: columns and run parameters, by report type, glob or
    preset; for a report type that several name, the last one counts. `get_asset_spec`: change keys' prefixes,
    groups, owners or tags before the assets are built; the last part of a key stays the table's name.

    The assets need the resources `stripe` (StripeResource) and `report_lake` (ReportLakeResource), and
    `report_lake_io_manager` (ReportLakeIOManager) where another asset takes one as a parameter.

    Raises UnknownReportTypeError, ConfigurationError or DayError for what makes no sense.
    """
    partitions = partitions_def or daily_partitions(start_date, timezone)
    selected = {report_type.id: report_type for report_type in select_report_types(select)}
    asked = _requests(requests or {}, selected)
    specs = {id_: _checked(get_asset_spec(each), each) for id_, each in selected.items()}
    return [
        _asset(report_type, _after_its_payouts(report_type, specs), partitions, asked[id_])
        for id_, report_type in selected.items()
    ]


def daily_partitions(start_date: str, timezone: str) -> dg.DailyPartitionsDefinition:
    """Days of a time zone; assets of one job must share one such definition."""
    return dg.DailyPartitionsDefinition(parse_day(start_date).isoformat(), timezone=time_zone(timezone).key)


def _requests(
    given: Mapping[str, ReportRequest], selected: Mapping[str, ReportType]
) -> dict[str, ReportRequest]:
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


def _asset(
    report_type: ReportType,
    spec: dg.AssetSpec,
    partitions: dg.DailyPartitionsDefinition,
    request: ReportRequest,
) -> dg.AssetsDefinition:
    # multi_asset, because only it takes an AssetSpec as it is.
    @dg.multi_asset(
        name="__".join(spec.key.path),
        specs=[spec],
        partitions_def=partitions,
        check_specs=check_specs(report_type, spec.key, partitions),
    )
    def land(
        context: dg.AssetExecutionContext, stripe: StripeResource, report_lake: ReportLakeResource
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        try:
            landed = land_day(
                report_type,
                parse_day(context.partition_key),
                account=stripe.account,
                lake=report_lake.lake,
                request=request,
                timezone=partitions.timezone,
                polling=stripe.polling,
                tell=context.log.info,
                warn=context.log.warning,
            )
        except StripeReportsError as error:
            error.at(report_type=report_type.id, day=parse_day(context.partition_key))
            raise dg.Failure(
                str(error),
                metadata=failure_metadata(error),
                allow_retries=not isinstance(error, _TRYING_AGAIN_WILL_NOT_HELP),
            ) from None
        return dg.MaterializeResult(metadata=landed_metadata(landed), check_results=check_results(landed))

    return land
