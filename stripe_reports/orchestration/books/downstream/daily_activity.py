"""`daily_activity`: what moved, by currency and reporting category."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from stripe_reports.catalog import as_text, units
from stripe_reports.close import lower_case, widened
from stripe_reports.lake import Lake
from stripe_reports.orchestration.books.downstream.columns import Column, arrow_table
from stripe_reports.orchestration.books.downstream.daily_table import DailyTable
from stripe_reports.orchestration.books.downstream.plots import plotted_amount
from stripe_reports.orchestration.ui_table import table_of
from stripe_reports.reconcile import Family

if TYPE_CHECKING:
    import pyarrow as pa

_KEYS = ["currency", "reporting_category"]
_AMOUNTS = ("gross", "fee", "net")

_COLUMNS = (
    Column("currency", "string", "As Stripe writes it: usd."),
    Column("reporting_category", "string", "https://docs.stripe.com/reports/reporting-categories"),
    Column("count", "int64", "Balance transactions."),
    Column("gross", "decimal(38, 18)", "Sum, in major units."),
    Column("fee", "decimal(38, 18)", "Sum; positive is what Stripe took."),
    Column("net", "decimal(38, 18)", "Sum: what came onto the balance."),
)


def activity_by_category(lake: Lake, reads: Mapping[Family, str], day: date) -> "pa.Table":
    """Return a row for each currency and reporting category of the day, sorted; none if nothing happened.

    Raises LakeError where the day is not landed.
    """
    import pandas as pd

    rows = lake.read_table(reads[Family.ACTIVITY], [day], columns=[*_KEYS, *_AMOUNTS])
    # Widened, because pandas adds up decimals as Arrow does, which wraps around past 38 digits.
    frame = widened(lower_case(rows)).to_pandas(types_mapper=pd.ArrowDtype)
    groups = frame.groupby(_KEYS, dropna=False, sort=True)
    sums = groups[list(_AMOUNTS)].sum()
    sums.insert(0, "count", groups.size())
    found = sums.reset_index().to_dict("records")
    return arrow_table(_COLUMNS, [_without_na(row) for row in found])


def _without_na(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    import pandas as pd

    return {str(name): None if pd.isna(value) else value for name, value in row.items()}


def _metadata(rows: "pa.Table") -> Mapping[str, Any]:
    sums: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("count", *_AMOUNTS), 0))
    for row in rows.to_pylist():
        own = sums[row["currency"] or ""]
        own["count"] += row["count"]
        for name in _AMOUNTS:
            own[name] += units(row[name])
    plots: dict[str, int] = {}
    for currency, own in sums.items():
        plots |= plotted_amount("net", currency, own["net"]) | plotted_amount("fee", currency, own["fee"])
    totals: list[dict[str, str | int]] = [
        {
            "currency": currency,
            "count": own["count"],
            **{name: as_text(own[name], currency) for name in _AMOUNTS},
        }
        for currency, own in sums.items()
    ]
    return {"transactions": sum(own["count"] for own in sums.values()), "totals": table_of(totals), **plots}


DAILY_ACTIVITY = DailyTable(
    name="daily_activity",
    description="What moved the balance on the day, payouts aside: count, gross, fee and net of each currency"
    " and reporting category.",
    kinds=frozenset({"pandas"}),
    columns=_COLUMNS,
    reads=(Family.ACTIVITY,),
    rows=activity_by_category,
    metadata=_metadata,
)
