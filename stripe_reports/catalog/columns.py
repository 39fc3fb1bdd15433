"""The columns of reports: a name has one type, and one class of personal data, in every report type."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum
from fnmatch import fnmatchcase

from stripe_reports.catalog._data import columns_data


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


class PersonalData(StrEnum):
    """What a column may say about a person: a customer, a payer, or a merchant that is one person.

    These have no class:

    - Ids (`customer_id`, `charge_id`, `trace_id`, `invoice_number`): they are pseudonyms. They name a person
      only to somebody who can look them up, and without them the tables cannot be joined or reconciled.
    - A country or state, also of an address, and a tax jurisdiction: too coarse to name anybody.
    - What Stripe or the card network says about a payment: `card_brand`, `dispute_reason`, and `bin`, the
      first digits of a card number, which all cards of an issuer's product share.
    - Texts that Stripe writes: names and descriptions of fees, features and products.
    """

    EMAIL = "email"
    """An email address of a customer."""
    NAME = "name"
    """A name of a customer, a connected account or its business, which may be a sole trader's own name."""
    ADDRESS = "address"
    """A line, the city or the postal code of an address: of a customer, a card or a place of shipping."""
    TAX_ID = "tax_id"
    """A tax number of a customer."""
    FREE_TEXT = "free_text"
    """A text that the merchant, or a program of the merchant, writes: it may name anybody.

    Stripe fills some of them in itself, such as `description` in a balance summary.
    """
    METADATA = "metadata"
    """A value that the merchant attached to a payment, refund, transfer, …: it may hold anything."""


_METADATA = re.compile(r"(^|_)metadata(\[|_)")
# How the names of columns with personal data end. Longer endings would miss `recipient_email` and the like.
_ENDINGS = {
    "email": PersonalData.EMAIL,
    "name": PersonalData.NAME,
    "address_line1": PersonalData.ADDRESS,
    "address_line2": PersonalData.ADDRESS,
    "address_city": PersonalData.ADDRESS,
    "address_postal_code": PersonalData.ADDRESS,
    "tax_id": PersonalData.TAX_ID,
    "description": PersonalData.FREE_TEXT,
    "statement_descriptor": PersonalData.FREE_TEXT,
}

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
    known = columns_data().get(name, {}).get("type")
    if known in (None, "timestamp") and name.endswith("_utc"):
        return ColumnType.TIMESTAMP_UTC
    return ColumnType(known or "string")


def personal_data(name: str) -> PersonalData | None:
    """Return the class of personal data that a column may hold, by its name; None if it holds none.

    `name` is a name in the CSV or in the lake: `payment_metadata[order_id]`, `payment_metadata_order_id`.

    A column that the catalog does not know has the class of the columns whose names end like its own:
    `recipient_email` is an email, `payer_name` a name. This finds too much (`product_name`) rather than too
    little. Any other unknown column has no class: nothing is known of what it holds.
    """
    if _METADATA.search(name):
        return PersonalData.METADATA
    if known := columns_data().get(name):
        return PersonalData(known["pii"]) if "pii" in known else None
    return next((kind for end, kind in _ENDINGS.items() if f"_{name}".endswith(f"_{end}")), None)


def column_description(name: str, report_type: str) -> str:
    """Return what a CSV column means in a report type, given by its id; empty if the catalog does not know.

    Amounts name their currency and their sign, and timestamps their time zone. A metadata column such as
    `payment_metadata[order_id]` has the description of all columns with its prefix.
    """
    known = columns_data().get(name) or columns_data().get(f"{name.partition('[')[0]}[key]")
    if known is None:
        return ""
    specific = known.get("descriptions", {})
    text = next((text for glob, text in specific.items() if fnmatchcase(report_type, glob)), None)
    return str(text or known["description"])
