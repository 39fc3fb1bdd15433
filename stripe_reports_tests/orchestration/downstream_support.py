"""Downstream assets over tables that landed, or were put as if they had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Context, Decimal, Inexact
from typing import Any

import dagster as dg
import pyarrow as pa

from stripe_reports import REPORT_TYPES, ReportLakeResource, StripeReports
from stripe_reports.lake import Lake
from stripe_reports.reconcile.families import Family
from stripe_reports_tests.close.landed_month import ACTIVITY, PAID, PAYOUTS, TABLES
from stripe_reports_tests.core_lake import Rows
from stripe_reports_tests.orchestration.support import range_tags

EXACT = Context(prec=200, traps=[Inexact])
DAY = date(2026, 10, 1)
SUMMARY = "payout_reconciliation_summary_1"
MONEY = pa.decimal128(38, 18)

READS = {
    Family.ACTIVITY: ACTIVITY,
    Family.PAYOUTS: PAYOUTS,
    Family.PAID: PAID,
    Family.PAID_SUMMARY: SUMMARY,
}


def reports_of(tables: Sequence[str]) -> StripeReports:
    """The reports of these tables, selected and partitioned as for the assets under test."""
    ids = [report_type.id for report_type in REPORT_TYPES.values() if report_type.table in tables]
    return StripeReports(ids, start_date="2025-01-15")


REPORTS = reports_of(TABLES)


def materialize_downstream(
    lake: Lake, instance: dg.DagsterInstance, name: str, days: Sequence[date]
) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        REPORTS.downstream(name, after_reconciliation=False),
        instance=instance,
        resources={"report_lake": ReportLakeResource(uri=lake.root)},
        raise_on_error=False,
        **({"partition_key": str(days[0])} if len(days) == 1 else {"tags": range_tags(days)}),  # type: ignore[arg-type]
    )


def total(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def put(lake: Lake, table: str, rows: Rows, *, money: Sequence[str] = ("gross", "fee", "net")) -> None:
    """Rows as if they had landed on a day."""
    names = list(rows[0])
    arrays = [pa.array([row[n] for row in rows], MONEY if n in money else None) for n in names]
    lake.derived.put(table, DAY, pa.table(arrays, names=names), made_from="test")


def activity(category: str, gross: str, fee: str = "0", currency: str | None = "usd") -> dict[str, Any]:
    amounts = Decimal(gross), Decimal(fee)
    return {
        "currency": currency,
        "reporting_category": category,
        "gross": amounts[0],
        "fee": amounts[1],
        "net": EXACT.subtract(*amounts),
    }
