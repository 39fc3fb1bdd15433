"""Asking for any report type in the way that it takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from stripe_reports.catalog import REPORT_TYPES, ColumnType
from stripe_reports.sandbox import Sandbox
from stripe_reports.sandbox.ledger import Ledger
from stripe_reports.sandbox.reports import REPORT_BODIES, Query
from stripe_reports_tests.sandbox.support import DAY, NOW, START, Client, Report, clock_at, midnight

LIVE_KEY = "sk_live_sandbox_example"
FIRST = midnight(START)
SPRING = midnight(date(2025, 3, 1))
"""Long enough ago for everything to have happened that follows from it."""

RANGES = [id_ for id_, report_type in REPORT_TYPES.items() if report_type.interval == "range"]
NEVER_EMPTY = frozenset(
    (
        "apps.churn_rate.1",
        "apps.total_installs.1",
        "balance.summary.1",
        "balance.summary.2",
        "connected_account_balance.summary.1",
        "connected_account_financial_account_balance.summary.1",
    )
)
"""Balances and totals are there on days without any change, too."""


@contextmanager
def live_client(now: float = NOW) -> Iterator[Client]:
    """A client with a live key, and so one that sees all report types."""
    with Sandbox(LIVE_KEY, port=0, files_port=0, latency=0, now=clock_at(now)) as sandbox:
        client = Client(sandbox)
        yield client
        client.close()


@cache
def books() -> Ledger:
    """What the sandbox's reports are made from."""
    return Ledger(1, 40, START)


@cache
def day_of_interest(id_: str, *, with_rows: bool) -> int:
    """The first second of the first day since spring that has rows, or has none."""
    for day in range(SPRING, SPRING + 60 * DAY, DAY):
        query = Query(start=day, end=day + DAY, known_until=day + 90 * DAY)
        if any(True for _ in REPORT_BODIES[id_](books(), query)) == with_rows:
            return day
    raise AssertionError(f"{id_} has no day {'with' if with_rows else 'without'} rows")


def ask(client: Client, id_: str, start: int, end: int, columns: Sequence[str] = (), **more: str) -> Report:
    """The report over the interval, as of its end, or on the first payout in it."""
    report_type = REPORT_TYPES[id_]
    if report_type.interval == "range":
        return client.report(id_, start, end, columns=columns, **more)
    if report_type.interval == "as_of_end":
        return client.report(id_, end, columns=columns, **more)
    if "connected_account" in report_type.required_parameters:
        payout = next(books().connected().payouts(start, start + 7 * DAY))
        more |= {"connected_account": payout.account}
    else:
        payout = next(books().payouts(start, start + 7 * DAY))
    return client.report(id_, columns=columns, payout=payout.id, **more)


def check_text(kind: ColumnType, value: str) -> None:
    """Whether the text is what Stripe prints for a value of that type."""
    match kind:
        case ColumnType.DECIMAL:
            assert f"{Decimal(value):f}" == value
        case ColumnType.INTEGER:
            assert str(int(value)) == value
        case ColumnType.BOOLEAN:
            assert value in ("true", "false")
        case ColumnType.TIMESTAMP | ColumnType.TIMESTAMP_UTC:
            assert f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M:%S}" == value
        case ColumnType.DATE:
            assert f"{datetime.fromisoformat(value):%Y-%m-%d} 00:00:00" == value
        case _:
            assert isinstance(value, str)


def decimals_of(text: str) -> int:
    """How many digits are behind the point."""
    return -int(Decimal(text).as_tuple().exponent)


def sums(rows: Iterable[dict[str, Any]], column: str, *by: str) -> dict[tuple[str, ...], Decimal]:
    """Exact sums of the column by the text of other columns."""
    found: defaultdict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in rows:
        found[tuple(row[name] for name in by)] += Decimal(row[column])
    return dict(found)
