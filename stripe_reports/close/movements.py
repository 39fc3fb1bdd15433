"""The movements of a month, added up from the landed tables as they are now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from stripe_reports.catalog import is_currency_code, units
from stripe_reports.close.entry import Moved
from stripe_reports.close.month import Month
from stripe_reports.errors import CloseError, ConfigurationError
from stripe_reports.lake import Lake
from stripe_reports.reconcile import Family, Selected, families

if TYPE_CHECKING:
    import pyarrow as pa

_WIDEST = 76  # digits of a decimal256
_AMOUNTS = ("gross", "fee", "net")


@dataclass(frozen=True, slots=True)
class BookedTables:
    """The tables that are booked."""

    balance: str
    activity: str
    payouts: str

    FAMILIES: ClassVar = (Family.BALANCE, Family.ACTIVITY, Family.PAYOUTS)
    """The reports of these tables, in the order of the fields."""

    @classmethod
    def among(cls, tables: Collection[str]) -> BookedTables:
        """Return the booked ones of these tables. Raises ConfigurationError if one is missing."""
        if lacking := cls._lacking(families(tables)):
            raise ConfigurationError(
                f"cannot close a month without the report {lacking}, which is not selected; select core"
            )
        return cls._of(families(tables))

    @classmethod
    def offered(cls, selected: Selected) -> BookedTables:
        """Return the booked ones of the selected tables. Raises CloseError if one is not offered."""
        if lacking := cls._lacking(selected.tables):
            raise CloseError(
                f"cannot close a month without the report {lacking}, which this account does not offer"
            )
        return cls._of(selected.tables)

    @classmethod
    def _lacking(cls, found: Mapping[Family, str]) -> str | None:
        names = (family.value.replace("_", " ") for family in cls.FAMILIES if family not in found)
        return next(names, None)

    @classmethod
    def _of(cls, found: Mapping[Family, str]) -> BookedTables:
        return cls(*(found[family] for family in cls.FAMILIES))


@dataclass(frozen=True, slots=True)
class Movements:
    """What moved in a month, in the units of `money`; currencies are in lower case, as Stripe writes them."""

    starting: Mapping[str, int]
    ending: Mapping[str, int]
    activity: Sequence[Moved]
    """The activity of each day, currency and reporting category."""
    payouts: Sequence[Moved]
    """Each payout."""


def read_movements(lake: Lake, month: Month, tables: BookedTables) -> Movements:
    """Read what moved. Raises LakeError if a day has not landed, and CloseError if a row has no currency."""
    return Movements(
        _balances(lake, tables.balance, month.first, "starting_balance"),
        _balances(lake, tables.balance, month.last, "ending_balance"),
        [moved for day in month.days for moved in _activity(lake, tables.activity, day)],
        [moved for day in month.days for moved in _payouts(lake, tables.payouts, day)],
    )


def _balances(lake: Lake, table: str, day: date, category: str) -> dict[str, int]:
    rows = lower_case(lake.read_table(table, [day], columns=["category", "currency", "net_amount"]))
    balances: dict[str, int] = {}
    for row in rows.to_pylist():
        if row["category"] == category and (row["currency"] or row["net_amount"]):
            currency = _currency(row["currency"], table, day)
            balances[currency] = balances.get(currency, 0) + units(row["net_amount"])
    return balances


def _activity(lake: Lake, table: str, day: date) -> Iterator[Moved]:
    keys = ["currency", "reporting_category"]
    rows = widened(lower_case(lake.read_table(table, [day], columns=[*keys, *_AMOUNTS])))
    sums: list[tuple[Any, str]] = [([], "count_all"), *((name, "sum") for name in _AMOUNTS)]
    for row in rows.group_by(keys).aggregate(sums).to_pylist():
        amounts = {name: row[f"{name}_sum"] for name in _AMOUNTS}
        if _is_booked(row, amounts):
            yield _moved(table, day, row, amounts, count=row["count_all"])


def _payouts(lake: Lake, table: str, day: date) -> Iterator[Moved]:
    columns = ["payout_id", "currency", "reporting_category", *_AMOUNTS]
    for row in lower_case(lake.read_table(table, [day], columns=columns)).to_pylist():
        if _is_booked(row, row):
            yield _moved(table, day, row, row, payout_id=row["payout_id"] or "")


def _is_booked(row: Mapping[str, Any], amounts: Mapping[str, Decimal | None]) -> bool:
    """Return whether a row has a currency or an amount."""
    return bool(row["currency"] or any(amounts[name] for name in _AMOUNTS))


def _moved(
    table: str,
    day: date,
    row: Mapping[str, Any],
    amounts: Mapping[str, Decimal | None],
    *,
    count: int = 1,
    payout_id: str = "",
) -> Moved:
    return Moved(
        day,
        _currency(row["currency"], table, day),
        row["reporting_category"] or "",
        units(amounts["gross"]),
        units(amounts["fee"]),
        units(amounts["net"]),
        count,
        payout_id,
    )


def widened(rows: pa.Table) -> pa.Table:
    """Return the rows with wider decimals, for sums: Arrow's sum of a decimal128 wraps around if it is too
    large."""
    import pyarrow as pa

    for number, field in enumerate(rows.schema):
        if pa.types.is_decimal128(field.type):
            wide = pa.decimal256(_WIDEST, field.type.scale)
            rows = rows.set_column(number, field.name, rows.column(number).cast(wide))
    return rows


def lower_case(rows: pa.Table) -> pa.Table:
    """Return the rows with currencies and categories in lower case, as Stripe writes them: case does not
    matter."""
    import pyarrow.compute as pc

    for number, name in enumerate(rows.column_names):
        if name in ("currency", "category", "reporting_category"):
            rows = rows.set_column(number, name, pc.utf8_lower(rows.column(number)))
    return rows


def _currency(currency: str | None, table: str, day: date) -> str:
    if currency is None or not is_currency_code(currency):
        raise CloseError(
            f"a row of {table} has an amount in the currency {currency!r}, which cannot be booked;"
            " look at its CSV (Lake.kept_csv), ask Stripe, and land the day again once its report is right",
            day=day,
        )
    return currency
