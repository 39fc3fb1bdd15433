"""The reports that are selected, with their asset specs and requests."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import dagster as dg

from stripe_reports.catalog import ReportType, parse_day, select_report_types, time_zone
from stripe_reports.errors import ConfigurationError
from stripe_reports.lake import POLICIES, Pii, check_pii
from stripe_reports.landing import ReportRequest, itemized_payouts
from stripe_reports.orchestration.assets.spec import REPORT_TYPE, stripe_report_spec
from stripe_reports.orchestration.names import AccountNames
from stripe_reports.orchestration.reports import Report, Reports

GetAssetSpec = Callable[[ReportType], dg.AssetSpec]


def select_reports(
    select: str | Iterable[str],
    *,
    names: AccountNames,
    partitions_def: dg.DailyPartitionsDefinition,
    requests: Mapping[str, ReportRequest],
    pii: Pii | Mapping[str, Pii],
    range_runs: bool,
    get_asset_spec: GetAssetSpec | None,
) -> Reports:
    """Return the reports of one account. Raises UnknownReportTypeError or ConfigurationError."""
    selected = {report_type.id: report_type for report_type in select_report_types(select)}
    asked = _requests_by_id(requests, _pii_by_id(pii, selected), selected)
    specs = {id_: _spec(report_type, get_asset_spec, names) for id_, report_type in selected.items()}
    return Reports(
        names,
        partitions_def,
        range_runs,
        {
            id_: Report(report_type, _after_its_payouts(report_type, specs), asked[id_])
            for id_, report_type in selected.items()
        },
    )


def daily_partitions(start_date: str, timezone: str) -> dg.DailyPartitionsDefinition:
    """Return the days of a time zone from `start_date` (YYYY-MM-DD) on."""
    return dg.DailyPartitionsDefinition(parse_day(start_date).isoformat(), timezone=time_zone(timezone).key)


def _requests_by_id(
    given: Mapping[str, ReportRequest], pii: Mapping[str, Pii], selected: Mapping[str, ReportType]
) -> dict[str, ReportRequest]:
    asked = {id_: ReportRequest(pii=policy) for id_, policy in pii.items()}
    for pattern, request in given.items():
        for report_type in _named(pattern, selected, "a request"):
            own = request if request.pii else replace(request, pii=pii[report_type.id])
            own.check(report_type)
            asked[report_type.id] = own
    return asked


def _pii_by_id(pii: Pii | Mapping[str, Pii], selected: Mapping[str, ReportType]) -> dict[str, Pii]:
    """Return the policy for the personal data of each report type. The last pattern that names it counts."""
    if isinstance(pii, str):
        check_pii(pii)
        return dict.fromkeys(selected, pii)
    policies = dict.fromkeys(selected, POLICIES[0])
    for pattern, policy in pii.items():
        check_pii(policy)
        policies |= dict.fromkeys((each.id for each in _named(pattern, selected, "pii")), policy)
    return policies


def _named(pattern: str, selected: Mapping[str, ReportType], what: str) -> list[ReportType]:
    """Return the selected report types that a pattern names. Raises ConfigurationError if there are none."""
    if named := [each for each in select_report_types(pattern) if each.id in selected]:
        return named
    raise ConfigurationError(f"{what} is given for {pattern!r}, which is not selected")


def _spec(report_type: ReportType, get_asset_spec: GetAssetSpec | None, names: AccountNames) -> dg.AssetSpec:
    if get_asset_spec is None:
        spec = stripe_report_spec(report_type, account=names.account)
    else:
        spec = get_asset_spec(report_type)
        returned = f"get_asset_spec returned the key {spec.key.to_user_string()!r}"
        if spec.key.path[-1] != report_type.table:
            raise ConfigurationError(
                f"{returned}; its last part must be {report_type.table!r}, the table's name",
                report_type=report_type.id,
            )
        if names.account is not None and names.account not in spec.key.path[:-1]:
            raise ConfigurationError(
                f"{returned}, which does not contain the account {names.account!r}; begin with"
                f" stripe_report_spec(report_type, account={names.account!r})",
                report_type=report_type.id,
            )
    return spec.merge_attributes(metadata={REPORT_TYPE: report_type.id}).with_io_manager_key(names.io_manager)


def _after_its_payouts(report_type: ReportType, specs: Mapping[str, dg.AssetSpec]) -> dg.AssetSpec:
    """Return the spec; a report on payouts depends on the report that lists them, where that is selected."""
    spec = specs[report_type.id]
    if report_type.interval != "payout":
        return spec
    upstream = next((specs[each.id] for each in itemized_payouts(report_type) if each.id in specs), None)
    return spec if upstream is None else spec.replace_attributes(deps=[*spec.deps, upstream.key])
