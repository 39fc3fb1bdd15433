"""Days of the core reports whose numbers agree: `python -m benchmarks.reconciliation.books LAKE DAYS ROWS`.

The rows are made a day at a time with numpy, as a ledger in Python would take hours. All columns of the
catalog are there; ids, texts and amounts are random, most of the others null.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

import click
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stripe_reports.catalog import REPORT_TYPES, column_type
from stripe_reports.lake import ARROW_TYPES, DECIMAL, Lake

FIRST = date(2025, 1, 1)
_CURRENCIES = ("usd", "eur", "kwd", "jpy")
_THOUSANDTHS = np.array([10, 10, 1, 1000])
"""Of a unit, in the smallest amount of each currency."""
_SHARES = (0.6, 0.25, 0.1, 0.05)
_CATEGORIES = ("charge", "refund", "fee")
_TEXTS = {
    "description": [f"Payment for order {n}" for n in range(500)],
    "customer_email": [f"customer{n}@shop.example" for n in range(500)],
    "customer_name": [f"Customer {n}" for n in range(500)],
    "card_brand": ["Visa", "MasterCard", "American Express"],
    "card_country": ["US", "DE", "JP"],
}


def write_books(lake: Lake, days: int, rows_per_day: int) -> int:
    """All nine reports of so many days from `FIRST`; the number of rows of the four itemized ones."""
    rng = np.random.default_rng(7)
    waiting: dict[date, list[pa.Table]] = {}
    balance = dict.fromkeys(_CURRENCIES, 0)
    written = 0
    for number in range(days):
        day = FIRST + timedelta(days=number)
        activity = _activity(rng, day, rows_per_day)
        paid = pa.concat_tables(waiting.pop(day, [activity.slice(0, 0)]))
        waiting.setdefault(_arrival(day), []).append(activity)
        still_open = pa.concat_tables([table for tables in waiting.values() for table in tables])
        payouts = _payouts(rng, day, paid)
        reconciled = paid.append_column(
            "automatic_payout_id", _mapped(paid["currency"], payouts["currency"], payouts["payout_id"])
        ).append_column("automatic_payout_effective_at_utc", _instants(day, paid.num_rows))
        tables = {
            "balance_change_from_activity.itemized.3": activity,
            "balance_change_from_activity.summary.1": _summary(activity),
            "payout_reconciliation.itemized.5": reconciled,
            "payout_reconciliation.summary.1": _summary(paid),
            "ending_balance_reconciliation.itemized.4": still_open,
            "ending_balance_reconciliation.summary.1": _summary(still_open),
            "payouts.itemized.3": payouts,
            "payouts.summary.1": _summary(payouts),
            "balance.summary.1": _balance(balance, activity, paid),
        }
        for id_, rows in tables.items():
            whole = _with_all_columns(id_, rows, rng)
            lake.derived.put(REPORT_TYPES[id_].table, day, whole, made_from="chance")
        written += sum(tables[id_].num_rows for id_ in tables if ".itemized." in id_)
    return written


def _arrival(day: date) -> date:
    after = day + timedelta(days=3)
    return after + timedelta(days=max(0, 7 - after.weekday()) if after.weekday() >= 5 else 0)


def _activity(rng: np.random.Generator, day: date, rows: int) -> pa.Table:
    currencies = rng.choice(len(_CURRENCIES), rows, p=_SHARES)
    categories = rng.choice(len(_CATEGORIES), rows, p=(0.9, 0.08, 0.02))
    gross = rng.integers(100, 100_000, rows) * np.where(categories == 0, 1, -1)
    fee = np.where(categories == 0, gross * 29 // 1000 + 30, 0)
    seconds = np.sort(rng.integers(0, 86_400, rows))
    scale = _THOUSANDTHS[currencies]
    return pa.table(
        {
            "balance_transaction_id": _ids("txn", rng, rows),
            "created_utc": _instants(day, rows, seconds),
            "currency": pa.array(_CURRENCIES).take(pa.array(currencies)),
            "gross": _decimals(gross * scale),
            "fee": _decimals(fee * scale),
            "net": _decimals((gross - fee) * scale),
            "reporting_category": pa.array(_CATEGORIES).take(pa.array(categories)),
        }
    )


def _payouts(rng: np.random.Generator, day: date, paid: pa.Table) -> pa.Table:
    sums = paid.group_by("currency").aggregate([("net", "sum")])
    rows = sums.num_rows
    amounts = sums["net_sum"].cast(DECIMAL)
    return pa.table(
        {
            "payout_id": _ids("po", rng, rows),
            "effective_at_utc": _instants(day, rows),
            "currency": sums["currency"],
            "gross": amounts,
            "fee": _decimals(np.zeros(rows, np.int64)),
            "net": amounts,
            "reporting_category": pa.array(["payout"] * rows, pa.string()),
            "balance_transaction_id": _ids("txn", rng, rows),
        }
    )


def _summary(rows: pa.Table) -> pa.Table:
    """As all summary reports but that of the balance: the fee is negative, `total` comes last."""
    parts = []
    for keys in (["reporting_category", "currency"], ["currency"]):
        sums = rows.group_by(keys).aggregate([([], "count_all"), *((c, "sum") for c in _AMOUNTS)])
        total = pa.array(["total"] * sums.num_rows, pa.string())
        parts.append(
            pa.table(
                {
                    "reporting_category": sums["reporting_category"] if len(keys) == 2 else total,
                    "currency": sums["currency"],
                    "count": sums["count_all"],
                    "gross": sums["gross_sum"].cast(DECIMAL),
                    "fee": pc.negate(sums["fee_sum"].cast(DECIMAL)),
                    "net": sums["net_sum"].cast(DECIMAL),
                }
            )
        )
    return pa.concat_tables(parts)


_AMOUNTS = ("gross", "fee", "net")


def _balance(balance: dict[str, int], activity: pa.Table, paid: pa.Table) -> pa.Table:
    """The block of each currency; `balance`, in thousandths, becomes that of the day's end."""
    lines: list[tuple[str, str, int]] = []
    moved = {name: _sums(rows) for name, rows in (("activity", activity), ("payouts", paid))}
    for currency in _CURRENCIES:
        own = {name: sums.get(currency, 0) for name, sums in moved.items()}
        starting = balance[currency]
        balance[currency] = ending = starting + own["activity"] - own["payouts"]
        lines += [
            ("starting_balance", currency, starting),
            ("activity", currency, own["activity"]),
            ("payouts", currency, -own["payouts"]),
            ("ending_balance", currency, ending),
        ]
    return pa.table(
        {
            "category": [category for category, _, _ in lines],
            "currency": [currency for _, currency, _ in lines],
            "net_amount": _decimals(np.array([amount for _, _, amount in lines])),
        }
    )


def _sums(rows: pa.Table) -> Mapping[str, int]:
    sums = rows.group_by("currency").aggregate([("net", "sum")]).to_pydict()
    return {c: int(amount * 1000) for c, amount in zip(sums["currency"], sums["net_sum"], strict=True)}


def _mapped(keys: pa.ChunkedArray, known: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.take(pc.index_in(keys, known.combine_chunks()))


def _ids(prefix: str, rng: np.random.Generator, rows: int) -> pa.Array:
    numbers = rng.integers(0, 1 << 62, (2, rows))
    return pa.array(
        [f"{prefix}_{a:016x}{b:08x}"[:28] for a, b in zip(*numbers.tolist(), strict=True)], pa.string()
    )


def _instants(day: date, rows: int, seconds: Iterable[int] | None = None) -> pa.Array:
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    micros = (np.zeros(rows, np.int64) if seconds is None else np.asarray(seconds)) + start
    return pa.array(micros * 1_000_000).cast(pa.timestamp("us", tz="UTC"))


def _decimals(thousandths: np.ndarray) -> pa.Array:
    """Exactly, by way of the bytes of a decimal with three places."""
    whole = np.ascontiguousarray(thousandths, np.int64)
    pairs = np.column_stack([whole, whole >> 63])
    exact = pa.Array.from_buffers(pa.decimal128(38, 3), len(whole), [None, pa.py_buffer(pairs.tobytes())])
    return exact.cast(DECIMAL)


def _with_all_columns(id_: str, rows: pa.Table, rng: np.random.Generator) -> pa.Table:
    columns = {}
    for name in REPORT_TYPES[id_].columns:
        type_ = ARROW_TYPES[column_type(name)]
        if name in rows.column_names:
            columns[name] = rows[name].cast(type_)
        elif name in _TEXTS and ".itemized." in id_:
            texts = pa.array(_TEXTS[name])
            columns[name] = texts.take(pa.array(rng.integers(0, len(texts), rows.num_rows)))
        else:
            columns[name] = pa.nulls(rows.num_rows, type_)
    return pa.table(columns)


if __name__ == "__main__":
    uri, days_text, rows_text = sys.argv[1:]
    click.echo(write_books(Lake.open(uri), int(days_text), int(rows_text)))
