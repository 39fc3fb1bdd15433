"""The vocabulary of columns: one name means one type in every report type."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from stripe_reports.catalog._data import catalog_data


class ColumnType(StrEnum):
    """What the text of a column stands for. Stripe publishes names, not types: these follow the meaning."""

    STRING = "string"
    DECIMAL = "decimal"
    """An amount, rate or quantity: dot decimal, major units of its currency."""
    INTEGER = "integer"
    """A count or a number of a tier, which has no fraction."""
    BOOLEAN = "boolean"
    """`true` or `false`."""
    DATE = "date"
    """A day; Stripe may print it with `00:00:00` behind."""
    TIMESTAMP = "timestamp"
    """`YYYY-MM-DD HH:MM:SS` in the time zone of the report run."""
    TIMESTAMP_UTC = "timestamp_utc"
    """The same in UTC; the column's name ends in `_utc`."""


_LINES = (("category",), ("balance_transaction_component",), ("debit", "credit"))


def line_columns(columns: Collection[str]) -> tuple[str, ...]:
    """The columns that say what a row's amount is, where rows of a report are not parts of one whole.

    Such amounts are never added up: a balance summary has starting balance, activity and ending balance, the
    itemized activity has gross and fee of a transaction in rows of their own, and a journal entry of revenue
    recognition has a debited and a credited account. Elsewhere the rows of a currency are parts of one whole.
    """
    return next((names for names in _LINES if all(name in columns for name in names)), ())


def column_type(name: str) -> ColumnType:
    """The type of a CSV column by its name; a name the catalog does not know is a string, or an instant in
    UTC if it ends in `_utc`.

    Metadata columns such as `payment_metadata[order_id]` are strings: their text is the merchant's.
    """
    known = catalog_data()["columns"].get(name)
    if known in (None, "timestamp") and name.endswith("_utc"):
        return ColumnType.TIMESTAMP_UTC
    return ColumnType(known or "string")
