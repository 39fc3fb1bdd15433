"""The columns of reports: a column's name has the same type in every report type."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from stripe_reports.catalog._data import catalog_data


class ColumnType(StrEnum):
    """The type of a column's text. Stripe publishes names but no types: these follow the meaning."""

    STRING = "string"
    DECIMAL = "decimal"
    """An amount, rate or quantity with a decimal point; amounts are in major units of their currency."""
    INTEGER = "integer"
    """A count or the number of a tier, without a fraction."""
    BOOLEAN = "boolean"
    """`true` or `false`."""
    DATE = "date"
    """A day; Stripe may add `00:00:00`."""
    TIMESTAMP = "timestamp"
    """`YYYY-MM-DD HH:MM:SS` in the time zone of the report run."""
    TIMESTAMP_UTC = "timestamp_utc"
    """`YYYY-MM-DD HH:MM:SS` in UTC; the column's name ends in `_utc`."""


_LINES = (("category",), ("balance_transaction_component",), ("debit", "credit"))


def line_columns(columns: Collection[str]) -> tuple[str, ...]:
    """Return the columns that say what a row's amount means, if the report's rows are not parts of one whole.

    Such amounts are never added up: a balance summary has starting balance, activity and ending balance, the
    itemized activity has separate rows for the gross and the fee of a transaction, and a journal entry of
    revenue recognition has a debited and a credited account. In other reports, the rows of a currency are
    parts of one whole.
    """
    return next((names for names in _LINES if all(name in columns for name in names)), ())


def column_type(name: str) -> ColumnType:
    """Return the type of a CSV column by its name.

    A name that is not in the catalog is a string, or an instant in UTC if it ends in `_utc`. Metadata columns
    such as `payment_metadata[order_id]` are strings: their text is the merchant's.
    """
    known = catalog_data()["columns"].get(name)
    if known in (None, "timestamp") and name.endswith("_utc"):
        return ColumnType.TIMESTAMP_UTC
    return ColumnType(known or "string")
