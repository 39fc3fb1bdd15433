"""Payouts outside the schedule: manual ones, and ones that fail and return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Literal

from stripe_reports.sandbox.ledger.chance import Seed, chance, stripe_id
from stripe_reports.sandbox.ledger.days import DAY, day_of
from stripe_reports.sandbox.ledger.transaction import BalanceTransaction, Payout

BY_HAND_AT = 75600
"""The second of the day of a manual payout: 21:00, after the automatic payouts of the day."""
_REVERSED_AFTER = 2 * DAY
_REVERSED_AT = 37800

IrregularKind = Literal["payout_reversed", "manual_payout"]


@dataclass(frozen=True, slots=True, order=True)
class Irregularity:
    """An irregular payout on a day, as described in `Ledger.let_happen`."""

    day: date
    kind: IrregularKind
    currency: str


@dataclass(frozen=True, slots=True)
class Irregular:
    """The effects of all irregular payouts; usually none."""

    happened: tuple[Irregularity, ...] = ()
    """The irregularities in the order of days."""
    payouts: Mapping[date, tuple[Payout, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The payouts outside the schedule and the reversals of automatic ones, by the day on which they are
    effective, oldest first."""
    failing: Mapping[tuple[date, str], int] = field(default_factory=lambda: MappingProxyType({}))
    """The time at which the automatic payout of a day and currency returns."""

    def transactions(self, day: date) -> Iterator[BalanceTransaction]:
        """Yield the changes of the balance by these payouts on that day, oldest first.

        They are not activity, but open items until an automatic payout includes them. For reversals, that is
        how the money reaches the bank in the end. For manual payouts, Stripe does not document it
        (https://docs.stripe.com/reports/payout-reconciliation says that it does not know their contents);
        this way, the balance equals the open items, as on all other days.
        """
        for payout in self.payouts.get(day, ()):
            yield BalanceTransaction(
                id=payout.balance_transaction_id,
                account=payout.account,
                created=payout.effective_at,
                currency=payout.currency,
                gross=-payout.amount,
                fee=payout.fee,
                reporting_category=payout.reporting_category,
                source_id=payout.id,
                description=payout.description,
            )

    def with_one_more(self, irregularity: Irregularity, payout: Payout) -> Irregular:
        """Return a copy with one more payout: a manual one, or the reversal of an automatic one."""
        failing = dict(self.failing)
        if irregularity.kind == "payout_reversed":
            failing[irregularity.day, irregularity.currency] = payout.effective_at
        day = day_of(payout.effective_at)
        of_day = sorted((*self.payouts.get(day, ()), payout), key=lambda each: (each.effective_at, each.id))
        payouts = {**self.payouts, day: tuple(of_day)}
        return Irregular((*self.happened, irregularity), MappingProxyType(payouts), MappingProxyType(failing))


def reversal(payout: Payout, seed: Seed) -> Payout:
    """Return the entry with which a failed payout returns, two days after its expected arrival.

    Stripe calls it the failure balance transaction of the payout
    (https://docs.stripe.com/api/payouts/object).
    """
    reversed_at = payout.effective_at // DAY * DAY + _REVERSED_AFTER + _REVERSED_AT
    return replace(
        payout,
        balance_transaction_id=stripe_id(chance(seed, "payout reversal", payout.id), "txn"),
        effective_at=reversed_at,
        amount=-payout.amount,
        automatic=False,
        reporting_category="payout_reversal",
        description="STRIPE PAYOUT FAILURE",
        reversed_at=reversed_at,
        reverses=replace(payout, reversed_at=reversed_at),
        transactions=(),
    )


def by_hand(account: str, seed: Seed, at: int, currency: str, amount: int) -> Payout:
    """Return a manual payout that is initiated and effective in that second."""
    rng = chance(seed, "manual payout", currency, at)
    return Payout(
        id=stripe_id(rng, "po"),
        account=account,
        balance_transaction_id=stripe_id(rng, "txn"),
        effective_at=at,
        currency=currency,
        amount=amount,
        destination=stripe_id(chance(seed, "bank", currency), "ba"),
        trace_id=f"{rng.randrange(10**15):015d}",
        automatic=False,
    )
