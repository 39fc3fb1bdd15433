"""The reports about the financial accounts of connected accounts, and about the fee for them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from stripe_reports.sandbox.ledger import (
    CURRENCIES,
    DAY,
    AnyLedger,
    Ledger,
    Payout,
    chance,
    day_of,
    days,
    decimals,
    midnight,
    stripe_id,
)
from stripe_reports.sandbox.reports.query import Query, Row, date_stamp
from stripe_reports.sandbox.reports.sums import summed

_STAYS = 2 * DAY + 3600
"""How many seconds money stays: a payout of the account arrives, and goes to the bank two days later."""
_FEE_SCALE = 6


class Flow(NamedTuple):
    """Money into a financial account (`amount` is positive, in minor units) or out of it."""

    payout: Payout
    at: int
    amount: int
    kind: str

    @property
    def id(self) -> str:
        """The id of the flow; the two flows of a payout have different ids."""
        return stripe_id(chance(self.kind, self.payout.id), "fatxn")


def balance_change_itemized(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield a row per flow in the interval."""
    for flow in _flows(ledger.connected(query.connected_accounts), query.start, query.end):
        payout = flow.payout
        yield {
            "financial_account_transaction_id": flow.id,
            **query.stamps("created", flow.at),
            "currency": payout.currency,
            "amount": query.money(flow.amount, payout.currency),
            "flow_type": flow.kind,
            "flow_id": payout.id,
            "description": "From the balance" if flow.kind.startswith("received") else "To the bank, at last",
            "financial_account": financial_account(payout.account),
            "connected_account": payout.account,
        }


def balance_change_summary(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield the sums of `balance_change_itemized` by kind and currency."""
    flows = _flows(ledger.connected(query.connected_accounts), query.start, query.end)
    keyed = (((flow.kind, flow.payout.currency), (1, flow.amount)) for flow in flows)
    for (kind, currency), (count, amount) in summed(keyed, 2):
        yield {
            "flow_type": kind,
            "currency": currency,
            "count": str(count),
            "amount": query.money(amount, currency or ""),
        }


def balance_summary(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield a block per account and currency; `starting_balance + activity = ending_balance`."""
    first, last = query.local_date(query.start), query.local_date(query.end - 1)
    for id_, account_ledger in ledger.connected_accounts.items():
        if query.connected_accounts is not None and id_ not in query.connected_accounts:
            continue
        change = dict.fromkeys(CURRENCIES, 0)
        for flow in _flows(account_ledger, query.start, query.end):
            change[flow.payout.currency] += flow.amount
        starting, ending = _balances(account_ledger, query.start), _balances(account_ledger, query.end)
        for currency in CURRENCIES:
            for category, description, amount in (
                ("starting_balance", f"Starting balance ({first})", starting[currency]),
                ("activity", "Activity", change[currency]),
                ("ending_balance", f"Ending balance ({last})", ending[currency]),
            ):
                yield {
                    "category": category,
                    "description": description,
                    "net_amount": query.money(amount, currency),
                    "currency": currency,
                    "financial_account": financial_account(id_),
                    "connected_account": id_,
                }


def facilitation_fee(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield a row per day, account and currency that has money at the end of the day.

    A day belongs to the interval that contains its first second.
    """
    for day in days(day_of(query.start + DAY - 1), day_of(query.end - 1)):
        effr = 430 + chance("effr", f"{day:%Y-%m}").randrange(25)  # hundredths of a percent, for a month
        for id_, account_ledger in ledger.connected_accounts.items():
            for currency, balance in _balances(account_ledger, midnight(day) + DAY).items():
                if balance > 0:
                    major = query.money(balance, currency)
                    scaled = int(balance * 10**_FEE_SCALE // 10 ** decimals(currency))
                    yield {
                        "balance_amount": major,
                        "balance_currency": currency,
                        "date": date_stamp(midnight(day)),
                        "effr_value": query.decimal(effr, 4),
                        "fee": query.decimal(scaled * effr // 10_000 // 360, _FEE_SCALE),
                        "financial_account": financial_account(id_),
                        "merchant": id_,
                    }


def financial_account(account: str) -> str:
    """Return the id of the account's financial account."""
    return stripe_id(chance("financial account", account), "fa")


def _flows(account_ledger: AnyLedger, start: int, end: int) -> Iterator[Flow]:
    """Yield the flows in the order of time. Those of a negative payout have the opposite direction."""
    arriving = (
        Flow(p, p.effective_at, p.net, "received_credit" if p.net > 0 else "received_debit")
        for p in account_ledger.payouts(start, end)
    )
    leaving = (
        Flow(p, p.effective_at + _STAYS, -p.net, "outbound_transfer" if p.net > 0 else "inbound_transfer")
        for p in account_ledger.payouts(start - _STAYS, end - _STAYS)
    )
    return heapq.merge(arriving, leaving, key=lambda flow: flow.at)


def _balances(account_ledger: AnyLedger, instant: int) -> dict[str, int]:
    """Return the money that has arrived and has not left before the instant."""
    totals = dict.fromkeys(CURRENCIES, 0)
    for payout in account_ledger.payouts(instant - _STAYS, instant):
        totals[payout.currency] += payout.net
    return totals
