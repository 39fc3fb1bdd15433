"""The assets that consume the reports, from a factory."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import dagster as dg

from stripe_reports.catalog import nearest
from stripe_reports.close import BookedTables, ChartOfAccounts, check_waivers
from stripe_reports.errors import ConfigurationError
from stripe_reports.orchestration.assets import KEY_PREFIX
from stripe_reports.orchestration.downstream.daily_activity import DAILY_ACTIVITY
from stripe_reports.orchestration.downstream.daily_fees import DAILY_FEES
from stripe_reports.orchestration.downstream.daily_table import DailyTable, daily_table_asset
from stripe_reports.orchestration.downstream.month_end_close import NAME as MONTH_END_CLOSE
from stripe_reports.orchestration.downstream.month_end_close import month_end_close_asset
from stripe_reports.orchestration.downstream.payout_statements import PAYOUT_STATEMENTS
from stripe_reports.reconcile import Family, families, reconciled_tables

_DAILY = {table.name: table for table in (DAILY_ACTIVITY, DAILY_FEES, PAYOUT_STATEMENTS)}
_ALL = "all"

DOWNSTREAM = (*_DAILY, MONTH_END_CLOSE)
"""Names of the assets, which are those of their tables."""


def build_stripe_reports_downstream_assets(
    select: str | Iterable[str] = _ALL,
    *,
    partitions_def: dg.DailyPartitionsDefinition,
    tables: Collection[str],
    waivers: Mapping[str, str] | None = None,
    accounts: Mapping[str, str] | None = None,
    key_prefix: Sequence[str] = (KEY_PREFIX,),
    after: Collection[dg.AssetKey] = (),
) -> list[dg.AssetsDefinition]:
    """`daily_activity`, `daily_fees`, `payout_statements` and `month_end_close`.

    `select`: names of them, or `all` that the selected reports allow. `partitions_def`: that of the report
    assets; a month is closed in its time zone, from the first whole month on. `tables`: of the selected
    reports. `waivers`: why an identity need not hold for a month to be closed, by its name. `accounts`:
    accounts of the journal instead of the usual ones, by reporting category. `key_prefix`: of the report
    assets' keys, and of these. `after`: assets that the daily ones wait for, such as the reconciliation; in
    a run in which that fails, they are not made.

    They need the resource `report_lake` (ReportLakeResource). Raises ConfigurationError for what makes no
    sense, and for an asset that is named and lacks a report.
    """
    check_waivers(waivers or {})
    ChartOfAccounts(accounts)
    names = [select] if isinstance(select, str) else list(select)
    for name in names:
        if name not in (_ALL, *DOWNSTREAM):
            raise ConfigurationError(
                f"there is no downstream asset {name!r}{nearest(name, DOWNSTREAM)}; there are"
                f" {', '.join(DOWNSTREAM)}"
            )
    found = families(tables)
    assets = []
    for name in DOWNSTREAM:
        if name not in names and _ALL not in names:
            continue
        lacking = [family for family in _needs(name) if family not in found]
        if lacking and name in names:
            raise ConfigurationError(
                f"{name} needs the report {lacking[0].value.replace('_', ' ')}, which is not selected"
            )
        if lacking:
            continue
        if name == MONTH_END_CLOSE:
            asset = month_end_close_asset(
                tables=reconciled_tables(tables),
                waivers=waivers or {},
                accounts=accounts or {},
                key_prefix=key_prefix,
                partitions_def=partitions_def,
            )
        else:
            table = _DAILY[name]
            reads = {each: found[each] for each in (*table.reads, *table.helps) if each in found}
            asset = daily_table_asset(
                table, reads, key_prefix=key_prefix, partitions_def=partitions_def, after=after
            )
        assets.append(asset)
    return assets


def _needs(name: str) -> Sequence[Family]:
    table: DailyTable | None = _DAILY.get(name)
    return table.reads if table else BookedTables.FAMILIES
