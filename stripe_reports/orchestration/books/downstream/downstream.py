"""The selection of downstream assets."""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from stripe_reports.close import BookedTables, ChartOfAccounts, check_waivers
from stripe_reports.errors import ConfigurationError
from stripe_reports.orchestration.books.downstream.daily_activity import DAILY_ACTIVITY
from stripe_reports.orchestration.books.downstream.daily_fees import DAILY_FEES
from stripe_reports.orchestration.books.downstream.daily_table import DailyTable, daily_table_asset
from stripe_reports.orchestration.books.downstream.month_end_close import month_end_close_asset
from stripe_reports.orchestration.books.downstream.payout_statements import PAYOUT_STATEMENTS
from stripe_reports.orchestration.books.keys import DOWNSTREAM, MONTH_END_CLOSE
from stripe_reports.orchestration.reports import Reports
from stripe_reports.reconcile import Family, families
from stripe_reports.wording import nearest

_DAILY = {table.name: table for table in (DAILY_ACTIVITY, DAILY_FEES, PAYOUT_STATEMENTS)}
_ALL = "all"


def downstream_assets(
    reports: Reports,
    select: str | Iterable[str],
    *,
    waivers: Mapping[str, str],
    accounts: Mapping[str, str],
    after_reconciliation: bool,
) -> list[dg.AssetsDefinition]:
    """Return the assets that are selected of those that rest on the reports, in the order of their names."""
    check_waivers(waivers)
    ChartOfAccounts(accounts)
    names = [select] if isinstance(select, str) else list(select)
    for name in names:
        if name not in (_ALL, *DOWNSTREAM):
            raise ConfigurationError(
                f"there is no downstream asset {name!r}{nearest(name, DOWNSTREAM)}; there are"
                f" {', '.join(DOWNSTREAM)}"
            )
    found = families(reports.by_table)
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
            asset = month_end_close_asset(reports, waivers=waivers, accounts=accounts)
        else:
            table = _DAILY[name]
            reads = {each: found[each] for each in (*table.reads, *table.helps) if each in found}
            asset = daily_table_asset(reports, table, reads, after_reconciliation=after_reconciliation)
        assets.append(asset)
    return assets


def _needs(name: str) -> Sequence[Family]:
    table: DailyTable | None = _DAILY.get(name)
    return table.reads if table else BookedTables.FAMILIES
