"""`daily_fees`: what payments cost, in basis points of their volume."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from stripe_reports.catalog import SCALE, as_decimal, as_text, units
from stripe_reports.lake import Lake
from stripe_reports.orchestration.books.downstream.columns import Column, arrow_table
from stripe_reports.orchestration.books.downstream.daily_activity import activity_by_category
from stripe_reports.orchestration.books.downstream.daily_table import DailyTable
from stripe_reports.orchestration.books.downstream.plots import plotted_amount
from stripe_reports.orchestration.ui_table import table_of
from stripe_reports.reconcile import Family

if TYPE_CHECKING:
    import pyarrow as pa

# `charge` has payments of all methods (https://docs.stripe.com/reports/reporting-categories). What was not
# captured, or failed later, was never volume; Stripe suggests to count the former against the sale.
PAYMENTS = ("charge", "charge_failure", "partial_capture_reversal")
REFUNDS = ("refund", "refund_failure")
OWN_FEES = ("fee", "network_cost")
"""Categories whose transactions are fees themselves: the amount is their net."""
_TAXES = ("tax",)

_BPS = 10_000
_BPS_DIGITS = 4

_COLUMNS = (
    Column("currency", "string", "As Stripe writes it: usd."),
    Column("payments", "int64", "Transactions of the category charge."),
    Column("payments_volume", "decimal(38, 18)", f"Gross of {', '.join(PAYMENTS)}."),
    Column("refunds", "decimal(38, 18)", f"Gross of {', '.join(REFUNDS)}: negative."),
    Column("payment_fees", "decimal(38, 18)", f"Fees of {', '.join(PAYMENTS)}."),
    Column("other_transaction_fees", "decimal(38, 18)", "Fees of all other categories, such as dispute."),
    Column("own_fees", "decimal(38, 18)", f"Transactions that are fees: {', '.join(OWN_FEES)}."),
    Column("total_fees", "decimal(38, 18)", "The three together. Positive is what Stripe took."),
    Column("taxes", "decimal(38, 18)", "On fees, the category tax; not among the fees."),
    Column(
        "effective_cost_bps",
        "decimal(38, 18)",
        "total_fees / payments_volume in basis points, rounded half to even at 4 decimals; null where there"
        " is no volume.",
    ),
)


def effective_cost_bps(fees: int, volume: int) -> Decimal | None:
    """Return `10000 * fees / volume`, exact until it is rounded half to even at 4 decimals.

    None where there is no volume, or more was reversed than came in.
    """
    if volume <= 0:
        return None
    rounded = round(Fraction(fees * _BPS * 10**_BPS_DIGITS, volume))
    return as_decimal(rounded * 10 ** (SCALE - _BPS_DIGITS))


def fees_by_currency(lake: Lake, reads: Mapping[Family, str], day: date) -> "pa.Table":
    """Return a row for each currency of the day's activity. Raises LakeError if the day has not landed."""
    found: defaultdict[str | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in activity_by_category(lake, reads, day).to_pylist():
        category, own = row["reporting_category"] or "", found[row["currency"]]
        gross, fee, net = (units(row[name]) for name in ("gross", "fee", "net"))
        own["payments"] += row["count"] if category == "charge" else 0
        if category in PAYMENTS:
            own["payments_volume"] += gross
            own["payment_fees"] += fee
        elif category in OWN_FEES:
            own["own_fees"] -= net
        elif category in _TAXES:
            own["taxes"] -= net
        else:
            own["refunds"] += gross if category in REFUNDS else 0
            own["other_transaction_fees"] += fee
    return arrow_table(_COLUMNS, [_row(currency, own) for currency, own in found.items()])


def _row(currency: str | None, own: dict[str, int]) -> Mapping[str, Any]:
    own["total_fees"] = own["payment_fees"] + own["other_transaction_fees"] + own["own_fees"]
    amounts = {each.name: as_decimal(own[each.name]) for each in _COLUMNS if each.type == "decimal(38, 18)"}
    return {
        **amounts,
        "currency": currency,
        "payments": own["payments"],
        "effective_cost_bps": effective_cost_bps(own["total_fees"], own["payments_volume"]),
    }


def _metadata(rows: "pa.Table") -> Mapping[str, Any]:
    plots: dict[str, int | float] = {}
    shown = []
    for row in rows.to_pylist():
        currency, bps = row["currency"] or "", row["effective_cost_bps"]
        amounts = {name: units(row[name]) for name in ("payments_volume", "total_fees")}
        plots |= plotted_amount("total_fees", currency, amounts["total_fees"])
        if bps is not None:
            plots[f"effective_cost_bps_{currency or 'no_currency'}"] = float(bps)  # a ratio, no money
        shown.append(
            {
                "currency": currency,
                "payments": row["payments"],
                **{name: as_text(amount, currency) for name, amount in amounts.items()},
                "effective_cost_bps": "" if bps is None else f"{bps:.{_BPS_DIGITS}f}",
            }
        )
    return {"fees": table_of(shown), **plots}


DAILY_FEES = DailyTable(
    name="daily_fees",
    description="What the day's payments cost: their volume, the fees on them, all other fees, and the"
    " effective cost in basis points of the volume.",
    kinds=frozenset(),
    columns=_COLUMNS,
    reads=(Family.ACTIVITY,),
    rows=fees_by_currency,
    metadata=_metadata,
)
