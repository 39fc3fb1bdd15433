"""A reader of hledger's journal format that takes no more than its manual promises.

https://hledger.org/hledger.html#journal. What it takes, hledger takes.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact

_EXACT = Context(prec=200, traps=[Inexact])
_ACCOUNT = r"[A-Z][A-Za-z0-9-]*(?::[A-Z0-9][A-Za-z0-9-]*)+"
_AMOUNT = r"(-?[0-9]+(?:\.[0-9]+)?) ([A-Z]+)"
_HEADER = re.compile(r"(\d{4}-\d\d-\d\d) \* [^;|]+?(?:  ; payout_id: [\w .+-]+)?")
_POSTING = re.compile(rf"    ({_ACCOUNT})  {_AMOUNT}(?: = {_AMOUNT})?")


def read_journal(text: str) -> dict[tuple[str, str], Decimal]:
    """The balances of (account, commodity) at the end; asserts what hledger would."""
    declarations, *entries = [block.splitlines() for block in re.split(r"\n\n(?=\d)", text)]
    assert "decimal-mark ." in declarations
    commodities = {line.split()[1] for line in declarations if line.startswith("commodity ")}
    accounts = {line.split()[1] for line in declarations if line.startswith("account ")}
    assert all(not line or re.match(r"(; |decimal-mark |commodity |account )", line) for line in declarations)
    balances: dict[tuple[str, str], Decimal] = {}
    days = []
    for header, *postings in entries:
        found = _HEADER.fullmatch(header)
        assert found, header
        days.append(found[1])
        total: dict[str, Decimal] = {}
        assert postings
        for line in postings:
            posting = _POSTING.fullmatch(line)
            assert posting, line
            account, amount, commodity, asserted, its = posting.groups()
            assert account in accounts
            assert commodity in commodities
            key = (account, commodity)
            balances[key] = _EXACT.add(balances.get(key, Decimal(0)), Decimal(amount))
            total[commodity] = _EXACT.add(total.get(commodity, Decimal(0)), Decimal(amount))
            if asserted is not None:
                assert balances[account, its] == Decimal(asserted), line
        assert set(total.values()) == {0}, header
    assert days == sorted(days), "assertions are held in the order of days"
    return balances
