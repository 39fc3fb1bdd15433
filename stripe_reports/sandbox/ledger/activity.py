"""The changes of the balance on a day, except payouts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from stripe_reports.sandbox.ledger import words
from stripe_reports.sandbox.ledger.chance import Seed, account_id, chance, stripe_id
from stripe_reports.sandbox.ledger.customer import PAYMENT_METHODS, customers
from stripe_reports.sandbox.ledger.days import DAY, midnight
from stripe_reports.sandbox.ledger.prices import (
    customer_facing,
    dollars,
    some_currency,
    some_price,
    stripe_fee,
    usual_volume,
)
from stripe_reports.sandbox.ledger.transaction import BalanceTransaction, Charge

LONGEST_AFTERMATH = 28
"""How many days after a charge its last consequence happens."""

_ONE_QUIET_DAY_IN = 11
_SHARE_OF_CHARGES = 0.86
"""The part of a day's rows that starts on the day; the rest follows from earlier days."""

Aftermath = dict[date, list[BalanceTransaction]]
"""The consequences of a day, by the day on which they happen."""


class Activity:
    """The activity of each day, generated from its own random numbers.

    So a day does not depend on the other days, on today's date, or on the order of the calls. A day's own
    events are charges and entries of the account. Their consequences on later days (refunds, disputes,
    released reserves) are generated together with them, so a complete day is its own events and the
    consequences of at most `LONGEST_AFTERMATH` days before. Accounts with the same `calendar` are quiet on
    the same days; otherwise several accounts together would hardly ever be quiet.
    """

    def __init__(self, seed: Seed, rows_per_day: int, calendar: Seed | None = None) -> None:
        self._seed = seed
        self._account = account_id(seed)
        self._calendar = seed if calendar is None else calendar
        self._rows_per_day = rows_per_day
        self._customers = customers(seed)

    def of(self, day: date) -> tuple[list[BalanceTransaction], Aftermath]:
        """Return the day's own transactions and their consequences."""
        if self._is_quiet(day):
            return [], {}
        return _Day(self, day).events()

    def _is_quiet(self, day: date) -> bool:
        """Return whether nothing at all happens on the day; two quiet days never follow each other."""
        return self._may_be_quiet(day) and not self._may_be_quiet(day - timedelta(days=1))

    def _may_be_quiet(self, day: date) -> bool:
        return chance(self._calendar, "quiet", day).randrange(_ONE_QUIET_DAY_IN) == 0


class _Day:
    """A day that is being generated."""

    def __init__(self, activity: Activity, day: date) -> None:
        self._activity = activity
        self._day = day
        self._begin = midnight(day)
        self._rng = chance(activity._seed, "day", day)
        self._aftermath: defaultdict[date, list[BalanceTransaction]] = defaultdict(list)

    def events(self) -> tuple[list[BalanceTransaction], Aftermath]:
        rng = self._rng
        rows = round(self._activity._rows_per_day * _SHARE_OF_CHARGES * rng.uniform(0.75, 1.25))
        seconds = [rng.randrange(DAY) for _ in range(max(1, rows))]
        if rng.random() < 0.3:
            seconds[0], seconds[-1] = 0, DAY - 1  # both ends of the day, where intervals are cut
        transactions = list(self._account_entries())
        for number, second in enumerate(seconds, 1):
            transactions += self._charge(number, self._begin + second)
        return transactions, dict(self._aftermath)

    def _id(self, prefix: str = "txn") -> str:
        return stripe_id(self._rng, prefix)

    def _later(self, after: int, day: date, transaction: BalanceTransaction) -> date:
        """Add the transaction `after` days after `day`, or one day later if that day is quiet."""
        on = day + timedelta(days=after)
        if self._activity._is_quiet(on):
            on += timedelta(days=1)
        transaction.created = midnight(on) + self._rng.randrange(DAY)
        self._aftermath[on].append(transaction)
        return on

    def _charge(self, number: int, created: int) -> Iterator[BalanceTransaction]:
        rng = self._rng
        currency = some_currency(rng)
        gross = some_price(rng, currency)
        billed = rng.random() < 0.4
        charge = Charge(
            id=self._id("ch"),
            payment_intent=self._id("pi"),
            created=created,
            customer=rng.choice(self._activity._customers),
            payment_method=rng.choice(PAYMENT_METHODS),
            description=rng.choice(words.CHARGE_DESCRIPTIONS),
            invoice=self._id("in") if billed else None,
            subscription=self._id("sub") if billed and rng.random() < 0.7 else None,
            order_id=f"order-{self._day:%y%m%d}-{number}",
            channel=rng.choice(words.CHANNELS),
        )
        transaction = BalanceTransaction(
            id=self._id(),
            account=self._activity._account,
            created=created,
            currency=currency,
            gross=gross,
            fee=stripe_fee(gross, currency),
            reporting_category="charge",
            source_id=charge.id,
            description=charge.description,
            charge=charge,
            customer_facing=customer_facing(rng, gross, currency),
        )
        yield transaction
        fate = rng.random()
        if fate < 0.015:  # captured in part: the rest of the amount is returned at once
            yield replace(
                transaction,
                id=self._id(),
                gross=-gross * 2 // 5,
                fee=0,
                reporting_category="partial_capture_reversal",
                customer_facing=None,
            )
        elif fate < 0.12:
            self._refund(transaction)
        elif fate < 0.14:
            self._dispute(transaction)

    def _refund(self, charged: BalanceTransaction) -> None:
        rng = self._rng
        for part in rng.choice(((1,), (1,), (3,), (2, 4))):
            refund = replace(
                charged,
                id=self._id(),
                gross=-max(1, charged.gross // part),
                fee=0,
                reporting_category="refund",
                source_id=self._id("re"),
                description=f"REFUND FOR CHARGE ({charged.description})" if charged.description else None,
                customer_facing=None,
                refund_reason=rng.choice(words.REFUND_REASONS),
            )
            on = self._later(rng.randint(1, 12), self._day, refund)
            if rng.random() < 0.05:
                failure = replace(
                    refund, id=self._id(), gross=-refund.gross, reporting_category="refund_failure"
                )
                self._later(rng.randint(2, 6), on, failure)

    def _dispute(self, charged: BalanceTransaction) -> None:
        rng = self._rng
        dispute = replace(
            charged,
            id=self._id(),
            gross=-charged.gross,
            fee=dollars(15, charged.currency),
            reporting_category="dispute",
            source_id=self._id("du"),
            description=f"Chargeback withdrawal for {charged.source_id}",
            customer_facing=None,
            dispute_reason=rng.choice(words.DISPUTE_REASONS),
        )
        on = self._later(rng.randint(3, 11), self._day, dispute)
        if rng.random() < 0.5:  # won: the amount returns, and the fee returns as a negative fee
            reversal = replace(
                dispute,
                id=self._id(),
                gross=-dispute.gross,
                fee=-dispute.fee,
                reporting_category="dispute_reversal",
                description=f"Chargeback reversal for {charged.source_id}",
            )
            self._later(rng.randint(5, 14), on, reversal)

    def _account_entries(self) -> Iterator[BalanceTransaction]:
        """Yield the entry of the day that no customer has caused, if there is one."""
        rng = self._rng
        currency = some_currency(rng)
        created = self._begin + rng.randrange(DAY)
        entry = BalanceTransaction(
            self._id(), self._activity._account, created, currency, 0, 0, "other_adjustment", None, None
        )
        kind = rng.random()
        if kind < 0.45:
            fee = -dollars(rng.uniform(0.5, 40), currency)
            text = f"{rng.choice(words.FEES)} ({self._day})"
            yield replace(entry, gross=fee, reporting_category="fee", description=text)
        elif kind < 0.55:
            amount = dollars(rng.choice((-1, 1)) * rng.uniform(1, 30), currency)
            yield replace(entry, gross=amount, description=rng.choice(words.ADJUSTMENTS))
        elif kind < 0.67:
            yield self._reserve(entry)
        elif kind < 0.73:  # so large that the currency's next payout withdraws money from the bank
            amount = -usual_volume(self._activity._rows_per_day, currency)
            yield replace(entry, gross=amount, description="Correction of a batch, by agreement")

    def _reserve(self, entry: BalanceTransaction) -> BalanceTransaction:
        """Return an entry that holds money back, and add the one that returns it on a later day."""
        rng = self._rng
        held, given_back, text = rng.choice(
            (
                ("risk_reserved_funds", "risk_reserved_funds", "Reserved funds"),
                # categories beyond the documented list, as in live accounts
                ("payout_minimum_balance_hold", "payout_minimum_balance_release", "Minimum balance"),
            )
        )
        hold = replace(
            entry,
            gross=-dollars(rng.uniform(20, 400), entry.currency),
            reporting_category=held,
            source_id=self._id("rsv"),
            description=f"{text}, held",
        )
        release = replace(
            hold,
            id=self._id(),
            gross=-hold.gross,
            reporting_category=given_back,
            description=f"{text}, given back",
        )
        self._later(rng.randint(4, 15), self._day, release)
        return hold
