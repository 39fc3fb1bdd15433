"""`payout_statements`: each payout with what it paid out, tied to its amount."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from stripe_reports.catalog import as_decimal, as_text, units
from stripe_reports.close import lower_case, widened
from stripe_reports.lake import Lake
from stripe_reports.orchestration.books.downstream.columns import Column, arrow_table
from stripe_reports.orchestration.books.downstream.daily_table import DailyTable, DayCheck
from stripe_reports.orchestration.books.downstream.plots import plotted_amount
from stripe_reports.orchestration.ui_table import table_of
from stripe_reports.reconcile import Family
from stripe_reports.wording import some

if TYPE_CHECKING:
    import pyarrow as pa

TIED_CHECK = "tied"
NO_TRANSACTIONS = "no transactions: a manual or instant payout"
REVERSED = "no transactions: a payout that came back"
_REVERSAL = "payout_reversal"
_AMOUNTS = ("gross", "fee", "net")
_MOST_SHOWN = 100
_MOST_NAMED = 3

_COLUMNS = (
    Column("payout_id", "string", "Stripe's id: po_…"),
    Column("effective_at_utc", "timestamp, UTC", "When it left the balance."),
    Column("currency", "string", "As Stripe writes it: usd."),
    Column("amount", "decimal(38, 18)", "Net of the payout, in major units: positive is money to the bank."),
    Column("reporting_category", "string", "Of the transactions; null where there are none."),
    Column("count", "int64", "The payout's transactions of that category."),
    Column("gross", "decimal(38, 18)", "Their sum."),
    Column("fee", "decimal(38, 18)", "Their sum; positive is what Stripe took."),
    Column("net", "decimal(38, 18)", "Their sum."),
    Column(
        "tied",
        "bool",
        "Whether net over all categories of the payout is its amount; null where there are no transactions.",
    ),
    Column("residual", "decimal(38, 18)", "That net less the amount."),
    Column("reason", "string", "Why it is not tied; empty where it is."),
)


def statements(lake: Lake, reads: Mapping[Family, str], day: date) -> "pa.Table":
    """Return the day's payouts, each with a row for each reporting category of its transactions.

    Only automatic payouts have transactions in the payout reconciliation
    (https://docs.stripe.com/reports/payout-reconciliation); so one without any is none, unless the report's
    summary counts more transactions than there are. Those whose payout is not among the day's are there too.
    Raises LakeError where the day is not landed.
    """
    rows: list[Mapping[str, Any]] = []
    paid = _transactions(lake, reads[Family.PAID], day)
    payouts = _payouts(lake, reads[Family.PAYOUTS], day)
    lost = _lost(lake, reads, day, paid)
    times = Counter((each["payout_id"], each["currency"]) for each in payouts if not _came_back(each))
    for payout in payouts:
        own = (payout["payout_id"], payout["currency"])
        if _came_back(payout):
            rows += _statement(payout, [], None, REVERSED)
        else:
            rows += _tied_statement(payout, paid.get(own, []), times[own], lost[own[1]])
    for (payout_id, currency), transactions in paid.items():
        if not times[payout_id, currency]:
            payout = {"payout_id": payout_id, "currency": currency, "effective_at_utc": None, "net": None}
            rows += _statement(payout, transactions, _net(transactions), "no payout of the day has this id")
    return arrow_table(_COLUMNS, rows)


def _payouts(lake: Lake, name: str, day: date) -> Sequence[Mapping[str, Any]]:
    columns = ["payout_id", "effective_at_utc", "currency", "net", "reporting_category"]
    found: Sequence[Mapping[str, Any]] = lower_case(lake.read_table(name, [day], columns=columns)).to_pylist()
    return found


_Transactions = Mapping[tuple[str | None, str | None], Sequence[Mapping[str, Any]]]
"""The rows of each payout and currency, one for each reporting category, sorted."""


def _transactions(lake: Lake, name: str, day: date) -> _Transactions:
    keys = ["automatic_payout_id", "currency", "reporting_category"]
    rows = widened(lower_case(lake.read_table(name, [day], columns=[*keys, *_AMOUNTS])))
    sums: list[tuple[Any, str]] = [([], "count_all"), *((each, "sum") for each in _AMOUNTS)]
    groups = rows.group_by(keys).aggregate(sums).to_pylist()
    found: dict[tuple[str | None, str | None], list[Mapping[str, Any]]] = {}
    for row in sorted(groups, key=lambda row: [row[key] or "" for key in keys]):
        found.setdefault((row[keys[0]], row[keys[1]]), []).append(
            {
                "reporting_category": row[keys[2]],
                "count": row["count_all"],
                **{each: row[f"{each}_sum"] for each in _AMOUNTS},
            }
        )
    return found


def _lost(lake: Lake, reads: Mapping[Family, str], day: date, paid: _Transactions) -> Counter[str | None]:
    """Return how many transactions the summary counts and the rows lack, by currency."""
    lost = Counter[str | None]()
    if name := reads.get(Family.PAID_SUMMARY):
        columns = ["reporting_category", "currency", "count"]
        for row in lower_case(lake.read_table(name, [day], columns=columns)).to_pylist():
            if row["reporting_category"] != "total":
                lost[row["currency"]] += row["count"] or 0
        for (_, currency), transactions in paid.items():
            lost[currency] -= sum(each["count"] for each in transactions)
    return lost


def _came_back(payout: Mapping[str, Any]) -> bool:
    return bool(payout["reporting_category"] == _REVERSAL)


def _tied_statement(
    payout: Mapping[str, Any], transactions: Sequence[Mapping[str, Any]], times: int, lost: int
) -> Iterator[Mapping[str, Any]]:
    if not transactions and lost <= 0:
        return _statement(payout, [], None, NO_TRANSACTIONS)
    residual = _net(transactions) - units(payout["net"])
    reason = "it is among the day's payouts more than once" if times > 1 else ""
    if residual:
        currency = payout["currency"] or ""
        reason = f"its transactions come to {as_text(residual, currency)} more than its amount"
    if not transactions:
        reason = f"it has no transactions, and {lost} of the currency are lost by the report's summary"
    return _statement(payout, transactions, residual, reason)


def _net(transactions: Sequence[Mapping[str, Any]]) -> int:
    return sum(units(each["net"]) for each in transactions)


def _statement(
    payout: Mapping[str, Any],
    transactions: Sequence[Mapping[str, Any]],
    residual: int | None,
    reason: str,
) -> Iterator[Mapping[str, Any]]:
    nothing = {"reporting_category": None, "count": 0, **{each: as_decimal(0) for each in _AMOUNTS}}
    for transaction in transactions or [nothing]:
        yield {
            "payout_id": payout["payout_id"],
            "effective_at_utc": payout["effective_at_utc"],
            "currency": payout["currency"],
            "amount": payout["net"],
            **transaction,
            "tied": None if residual is None else not reason,
            "residual": None if residual is None else as_decimal(residual),
            "reason": reason,
        }


def _each(rows: "pa.Table") -> Sequence[Mapping[str, Any]]:
    """Yield the first row of each statement."""
    firsts: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows.to_pylist():
        firsts.setdefault((row["payout_id"], row["currency"], row["amount"], row["reason"]), row)
    return list(firsts.values())


def _shown(payout: Mapping[str, Any]) -> Mapping[str, str]:
    currency = payout["currency"] or ""
    amount, residual = payout["amount"], payout["residual"]
    return {
        "payout_id": payout["payout_id"] or "",
        "currency": currency,
        "amount": "" if amount is None else as_text(units(amount), currency),
        "residual": "" if residual is None else as_text(units(residual), currency),
        "reason": payout["reason"],
    }


def _metadata(rows: "pa.Table") -> Mapping[str, Any]:
    payouts = _each(rows)
    plots: dict[str, int] = {}
    for currency in sorted({payout["currency"] or "" for payout in payouts}):
        own = [payout["amount"] for payout in payouts if (payout["currency"] or "") == currency]
        plots |= plotted_amount("paid_out", currency, sum(map(units, own)))
    untied = [payout for payout in payouts if payout["tied"] is False]
    return {
        "payouts": len(payouts),
        "untied_payouts": len(untied),
        "without_transactions": sum(payout["tied"] is None for payout in payouts),
        "statements": table_of([_shown(payout) for payout in (*untied, *payouts)[:_MOST_SHOWN]]),
        **plots,
    }


def _look(rows: "pa.Table") -> tuple[str | None, Mapping[str, Any]]:
    untied = [payout for payout in _each(rows) if payout["tied"] is False]
    if not untied:
        return None, {}
    reasons = (f"{payout['payout_id']}: {payout['reason']}" for payout in untied)
    return some(reasons, _MOST_NAMED, separator="; "), {
        "untied": table_of([_shown(payout) for payout in untied[:_MOST_SHOWN]])
    }


PAYOUT_STATEMENTS = DailyTable(
    name="payout_statements",
    description="Each payout of the day, with what it paid out by reporting category, tied to its amount.",
    kinds=frozenset(),
    columns=_COLUMNS,
    reads=(Family.PAYOUTS, Family.PAID),
    helps=(Family.PAID_SUMMARY,),
    rows=statements,
    metadata=_metadata,
    check=DayCheck(
        TIED_CHECK, "The transactions of each automatic payout add up to its amount, exactly.", _look
    ),
)
