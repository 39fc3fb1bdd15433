"""The text that the journals of hledger and Beancount share: descriptions, amounts and postings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stripe_reports.catalog import as_text
from stripe_reports.close.entry import Entry

# Quotes, semicolons, bars and line breaks have a meaning for one or the other.
_SPECIAL = re.compile(r"[^\w .:()+-]+")


def plain(text: str) -> str:
    """Return the text without characters that have a meaning for either program."""
    return _SPECIAL.sub("_", " ".join(text.split()))


def money(amount: int, currency: str) -> str:
    """Return an amount with its currency: `-3249.20 USD`."""
    return f"{as_text(amount, currency)} {currency.upper()}"


def postings(entry: Entry, indent: str) -> Iterator[str]:
    """Yield a line for each posting; hledger needs two spaces between account and amount."""
    for account, amount in entry.postings:
        yield f"{indent}{account}  {money(amount, entry.currency)}"
