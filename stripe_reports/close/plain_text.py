"""What the journals of hledger and Beancount have in common: how an entry's lines are written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stripe_reports.close.entry import Entry
from stripe_reports.close.money import as_text

# Quotes, semicolons, bars and line breaks mean something to one or the other.
_SPECIAL = re.compile(r"[^\w .:()+-]+")


def plain(text: str) -> str:
    """Text that stands for itself in both."""
    return _SPECIAL.sub("_", " ".join(text.split()))


def money(amount: int, currency: str) -> str:
    """`-3249.20 USD`."""
    return f"{as_text(amount, currency)} {currency.upper()}"


def postings(entry: Entry, indent: str) -> Iterator[str]:
    """A line for each; two blanks between account and amount, as hledger needs them."""
    for account, amount in entry.postings:
        yield f"{indent}{account}  {money(amount, entry.currency)}"
