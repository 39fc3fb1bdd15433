"""What reports ask of books, whether of one account or of several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from stripe_reports.sandbox.ledger.transaction import BalanceTransaction, Payout


class AnyLedger(Protocol):
    """Intervals in Unix seconds, `start` inclusive, `end` exclusive; `Ledger` says more."""

    def activity(self, start: int, end: int) -> Iterator[BalanceTransaction]:
        """The transactions created in the interval, oldest first."""

    def payouts(self, start: int, end: int) -> Iterator[Payout]:
        """The payouts effective in the interval, oldest first."""

    def payout(self, id_: str, until: int) -> Payout | None:
        """The payout of that id, if it is effective before `until`."""

    def payout_of(self, transaction: BalanceTransaction, until: int) -> Payout | None:
        """The payout that took the transaction along, if it is effective before `until`."""

    def open_at(self, instant: int) -> Iterator[BalanceTransaction]:
        """The transactions that are in the balance just before the instant."""

    def balances(self, instant: int) -> dict[str, tuple[int, int]]:
        """By currency, in minor units, the balance just before the instant and the available part of it."""
