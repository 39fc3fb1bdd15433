"""The objects of the ledger: charges, balance transactions and payouts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from stripe_reports.sandbox.ledger.customer import Customer, PaymentMethod


class Posting(NamedTuple):
    """One side of an entry: `amount` minor units to `account`. The postings of an entry add up to zero."""

    account: str
    amount: int


BALANCE = "stripe_balance"
"""The account that the reports describe."""


@dataclass(frozen=True, slots=True)
class CustomerFacing:
    """The amount that the customer saw, in the customer's currency."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment, to which its refunds and disputes refer. `created` is in Unix seconds."""

    id: str
    payment_intent: str
    created: int
    customer: Customer
    payment_method: PaymentMethod
    description: str | None
    invoice: str | None
    subscription: str | None
    order_id: str
    channel: str | None


@dataclass(slots=True)
class BalanceTransaction:
    """A change of the balance (https://docs.stripe.com/api/balance_transactions/object).

    Amounts are in minor units of `currency`, with `net = gross - fee`; `created` is in Unix seconds;
    `account` is the account whose balance changes.
    """

    id: str
    account: str
    created: int
    currency: str
    gross: int
    fee: int
    reporting_category: str
    source_id: str | None
    description: str | None
    charge: Charge | None = None
    customer_facing: CustomerFacing | None = None
    dispute_reason: str | None = None
    refund_reason: str | None = None

    @property
    def net(self) -> int:
        """The amount that it adds to the balance."""
        return self.gross - self.fee

    @property
    def postings(self) -> tuple[Posting, ...]:
        """The postings: the source of the money, Stripe's fee, and the balance."""
        return (
            Posting(f"{self.reporting_category}:counterpart", -self.gross),
            Posting("stripe_fees", self.fee),
            Posting(BALANCE, self.net),
        )


@dataclass(frozen=True, slots=True)
class Payout:
    """Money from the balance to the bank; a negative `amount` is withdrawn from the bank.

    It leaves the balance at `effective_at` (Unix seconds), which is the expected arrival for an automatic
    payout. `reporting_category` is `payout`; a failed payout returns at `reversed_at` as a separate entry,
    `payout_reversal`, with the same id, the opposite sign and its own balance transaction. `account` is the
    account whose balance it leaves.
    """

    id: str
    account: str
    balance_transaction_id: str
    effective_at: int
    currency: str
    amount: int
    destination: str
    trace_id: str
    fee: int = 0
    automatic: bool = True
    reporting_category: str = "payout"
    description: str = "STRIPE PAYOUT"
    reversed_at: int | None = None
    reverses: Payout | None = field(default=None, repr=False)
    transactions: tuple[BalanceTransaction, ...] = field(default=(), repr=False)

    @property
    def net(self) -> int:
        """The amount that arrives at the bank."""
        return self.amount - self.fee

    @property
    def expected_arrival(self) -> int:
        """The expected time of arrival at the bank."""
        return (self.reverses or self).effective_at

    def has_failed(self, until: int) -> bool:
        """Return whether the payout returned before that instant. The bank may take days to report it."""
        return self.reversed_at is not None and self.reversed_at < until

    @property
    def postings(self) -> tuple[Posting, ...]:
        """The postings: from the balance to the bank, less Stripe's fee."""
        return (
            Posting(BALANCE, -self.amount),
            Posting("stripe_fees", self.fee),
            Posting("bank", self.net),
        )
