"""The ledgers of several accounts as one."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping

from stripe_reports.sandbox.ledger.any_ledger import AnyLedger
from stripe_reports.sandbox.ledger.money import CURRENCIES
from stripe_reports.sandbox.ledger.transaction import BalanceTransaction, Payout


class JointLedger:
    """Several ledgers in the order of time, so that adjoining intervals give adjoining rows."""

    def __init__(self, accounts: Mapping[str, AnyLedger]) -> None:
        self._accounts = accounts

    def activity(self, start: int, end: int) -> Iterator[BalanceTransaction]:
        """Yield the transactions created in the interval, oldest first."""
        each = (ledger.activity(start, end) for ledger in self._accounts.values())
        return heapq.merge(*each, key=lambda t: t.created)

    def payouts(self, start: int, end: int) -> Iterator[Payout]:
        """Yield the payouts effective in the interval, oldest first."""
        each = (ledger.payouts(start, end) for ledger in self._accounts.values())
        return heapq.merge(*each, key=lambda payout: payout.effective_at)

    def payout(self, id_: str, until: int) -> Payout | None:
        """Return the payout with that id, if it is effective before `until`; ids are unique."""
        found = (ledger.payout(id_, until) for ledger in self._accounts.values())
        return next((payout for payout in found if payout), None)

    def payout_of(self, transaction: BalanceTransaction, until: int) -> Payout | None:
        """Return the payout that includes the transaction, if it is effective before `until`."""
        return self._accounts[transaction.account].payout_of(transaction, until)

    def open_at(self, instant: int) -> Iterator[BalanceTransaction]:
        """Yield the transactions that are in the balance just before the instant."""
        each = (ledger.open_at(instant) for ledger in self._accounts.values())
        return heapq.merge(*each, key=lambda t: t.created)

    def balances(self, instant: int) -> dict[str, tuple[int, int]]:
        """Return the sums of the accounts' balances."""
        together = dict.fromkeys(CURRENCIES, (0, 0))
        for ledger in self._accounts.values():
            for currency, (total, available) in ledger.balances(instant).items():
                before = together[currency]
                together[currency] = before[0] + total, before[1] + available
        return together
