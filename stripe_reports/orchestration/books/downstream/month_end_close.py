"""`month_end_close`: the books of a month, as an asset."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from stripe_reports.catalog import as_text
from stripe_reports.close import TRIAL_BALANCE_COLUMNS, Closing, Month, close_month
from stripe_reports.errors import StripeReportsError
from stripe_reports.orchestration.books.downstream.plots import plotted_amount
from stripe_reports.orchestration.books.keys import MONTH_END_CLOSE, RECONCILIATION, books_prefix
from stripe_reports.orchestration.made_partitions import Event, MadePartitions, all_made
from stripe_reports.orchestration.names import BOOKS_GROUP
from stripe_reports.orchestration.reports import Reports
from stripe_reports.orchestration.resource_parameters import resource_parameters
from stripe_reports.orchestration.resources import ReportLakeResource
from stripe_reports.orchestration.ui_table import table_of
from stripe_reports.reconcile import reconciled_tables


class MonthEndCloseConfig(dg.Config):
    """The config of one run."""

    reclose: bool = Field(
        default=False,
        description="Close a month again although its books would change.",
    )
    waivers: dict[str, str] = Field(
        default={},
        description="Why an identity need not hold, by its name, such as ending_balance_is_explained; added"
        " to the asset's waivers.",
    )


def month_end_close_asset(
    reports: Reports, *, waivers: Mapping[str, str], accounts: Mapping[str, str]
) -> dg.AssetsDefinition:
    """Return the asset, in months of the reports' time zone, from the first whole month on."""
    prefix, names = books_prefix(reports), reports.names
    key = dg.AssetKey([*prefix, MONTH_END_CLOSE])
    tables = reconciled_tables(reports.by_table)
    months = monthly_partitions(reports.partitions_def)
    upstream = [*(reports.by_table[table].key for table in tables), dg.AssetKey([*prefix, RECONCILIATION])]
    days = dg.TimeWindowPartitionMapping()

    # No `dg.asset`, on which `backfill_policy` is in beta.
    @dg.multi_asset(
        name="__".join([*prefix, MONTH_END_CLOSE]),
        specs=[
            dg.AssetSpec(
                key,
                deps=[dg.AssetDep(each, partition_mapping=days) for each in upstream],
                description="The books of a month: trial balance and journal, as CSV and for hledger and"
                " Beancount. It refuses unless every day is there and every identity holds, or is waived by"
                " name with a reason.",
                group_name=names.group(BOOKS_GROUP),
                kinds={"csv"},
            )
        ],
        partitions_def=months,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    @resource_parameters(names)
    def close(
        context: dg.AssetExecutionContext, config: MonthEndCloseConfig, report_lake: ReportLakeResource
    ) -> Iterator[dg.MaterializeResult[None] | Event]:
        closed = MadePartitions(context)
        try:
            for partition in context.partition_keys:
                closing = close_month(
                    report_lake.lake,
                    Month.parse(partition).first,
                    tables=tables,
                    timezone=months.timezone,
                    waivers={**waivers, **config.waivers},
                    accounts=accounts,
                    reclose=config.reclose,
                )
                _log(context, closing)
                closed.add(key, partition, closing_metadata(closing))
                yield from closed.due()
        except StripeReportsError as error:
            yield from closed.rest()
            raise dg.Failure(str(error.at(account=names.account)), allow_retries=False) from None
        yield from closed.rest()
        yield all_made(key)

    return close


def monthly_partitions(days: dg.DailyPartitionsDefinition) -> dg.MonthlyPartitionsDefinition:
    """Return the whole months of these days, in their time zone: `2026-10`, as a month's folder is named."""
    start: date = days.start.date()
    first = start if start.day == 1 else (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return dg.MonthlyPartitionsDefinition(
        str(Month.of(first)),
        end_date=str(Month.of(days.end.date())) if days.end else None,
        timezone=days.timezone,
        fmt=Month.FORMAT,
    )


def _log(context: dg.AssetExecutionContext, closing: Closing) -> None:
    for name, reason in closing.waived.items():
        context.log.warning(f"{closing.month}: {name} does not hold and is waived: {reason}")
    for name in closing.unused_waivers:
        context.log.warning(f"{closing.month}: {name} is waived and holds")
    for name, why in closing.not_proven.items():
        context.log.warning(f"{closing.month}: {name} is not proven: {why}")
    for name in closing.kept.changed:
        context.log.warning(f"{closing.month}: {name} differs from the previous closing")
    for name in closing.kept.restored:
        context.log.warning(f"{closing.month}: {name} was lost or damaged, and is restored as it was closed")
    if closing.kept.rests_on_more:
        context.log.info(
            f"{closing.month}: already closed with the same books; left as it was, although the tables they"
            " rest on have changed since"
        )


def closing_metadata(closing: Closing) -> Mapping[str, Any]:
    """Return facts about a closed month; the UI plots the numbers over the months."""
    lines = [dict(zip(TRIAL_BALANCE_COLUMNS, line.texts, strict=True)) for line in closing.trial_balance]
    books, movements, kept = closing.books, closing.movements, closing.kept
    plots: dict[str, int] = {}
    totals = []
    for currency in books.currencies:
        own = [each for each in movements.activity if each.currency == currency]
        amounts = {
            "opening": books.opening.get(currency, 0),
            "gross": sum(each.gross for each in own),
            "fee": sum(each.fee for each in own),
            "net": sum(each.net for each in own),
            "paid_out": sum(each.net for each in movements.payouts if each.currency == currency),
            "closing": books.closing(currency),
        }
        totals.append(
            {
                "currency": currency.upper(),
                **{name: as_text(each, currency) for name, each in amounts.items()},
            }
        )
        for name in ("net", "fee", "closing"):
            plots |= plotted_amount(name, currency, amounts[name])
    return {
        "trial_balance": table_of(lines),
        "totals": table_of(totals),
        "documents": dg.MetadataValue.json(dict(kept.uris)),
        "entries": len(books.entries),
        "transactions": sum(each.count for each in movements.activity),
        "payouts": len(movements.payouts),
        "waived": dg.MetadataValue.json(dict(closing.waived)),
        "unused_waivers": dg.MetadataValue.json(list(closing.unused_waivers)),
        "not_proven": dg.MetadataValue.json(dict(closing.not_proven)),
        "unclassified_categories": dg.MetadataValue.json(list(books.unclassified)),
        "closed_before": kept.closed_before,
        "changed_documents": dg.MetadataValue.json(list(kept.changed)),
        "rests_on_more": kept.rests_on_more,
        **plots,
    }
