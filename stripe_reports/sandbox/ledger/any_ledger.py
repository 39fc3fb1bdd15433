"""The interface of ledgers for reports, over one account or several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from stripe_reports.sandbox.ledger.transaction import BalanceTransaction, Payout


class AnyLedger(Protocol):
    """A ledger of one account or several. Intervals include `start` and exclude `end`, in Unix seconds."""

    def activity(self, start: int, end: int) -> Iterator[BalanceTransaction]:
        """Yield the transactions created in the interval, oldest first."""

    def payouts(self, start: int, end: int) -> Iterator[Payout]:
        """Yield the payouts effective in the interval, oldest first."""

    def payout(self, id_: str, until: int) -> Payout | None:
        """Return the payout with that id, if it is effective before `until`."""

    def payout_of(self, transaction: BalanceTransaction, until: int) -> Payout | None:
        """Return the payout that includes the transaction, if it is effective before `until`."""

    def open_at(self, instant: int) -> Iterator[BalanceTransaction]:
        """Yield the transactions that are in the balance just before the instant."""

    def balances(self, instant: int) -> dict[str, tuple[int, int]]:
        """Return, by currency in minor units, the balance just before the instant and its available part."""
