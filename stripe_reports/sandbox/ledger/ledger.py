"""The account's ledger at any second, without keeping all of it in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cached_property
from itertools import chain
from random import Random
from threading import RLock

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox.ledger.activity import LONGEST_AFTERMATH, Activity, Aftermath
from stripe_reports.sandbox.ledger.chance import Seed, account_id, chance, stripe_id
from stripe_reports.sandbox.ledger.connected import CONNECTED
from stripe_reports.sandbox.ledger.days import day_of, days, midnight
from stripe_reports.sandbox.ledger.irregular import (
    BY_HAND_AT,
    Irregular,
    Irregularity,
    IrregularKind,
    by_hand,
    reversal,
)
from stripe_reports.sandbox.ledger.joint import JointLedger
from stripe_reports.sandbox.ledger.money import CURRENCIES
from stripe_reports.sandbox.ledger.payout_schedule import (
    LONGEST_WAY,
    arrives_at,
    available_on,
    paid_out_at,
    transaction_days,
)
from stripe_reports.sandbox.ledger.row_cache import RowCache
from stripe_reports.sandbox.ledger.transaction import BalanceTransaction, Payout

_NEAR = timedelta(days=7)
_KEPT_ROWS = 250_000
"""The rows in each cache of each account: about 200 MB at most, and more than a year of a small account."""


class Ledger:
    """The ledger of an account. Days are generated when they are needed, and the last used ones are cached.

    Intervals are in Unix seconds and include `start`, but not `end`; a payout belongs to the instant at which
    it is effective. A day or a balance depends only on the few weeks before it, so nothing depends on today's
    date or on the order of the calls, and a long history costs no more memory.
    """

    def __init__(self, seed: Seed, rows_per_day: int, start_date: date, calendar: Seed | None = None) -> None:
        self.start = midnight(start_date)
        self.account = account_id(seed)
        self.seed = seed
        self._start_date = start_date
        self._rows_per_day = rows_per_day
        self._activity = Activity(seed, rows_per_day, calendar)
        self._kept_days: RowCache[date, tuple[BalanceTransaction, ...]] = RowCache(_KEPT_ROWS)
        self._kept_aftermaths: RowCache[date, Aftermath] = RowCache(_KEPT_ROWS)
        self._kept_payouts: RowCache[tuple[date, str], Payout] = RowCache(_KEPT_ROWS)
        self._irregular = Irregular()
        self._lock = RLock()  # one thread generates at a time: two would do the same work twice

    @cached_property
    def connected_accounts(self) -> dict[str, Ledger]:
        """The smaller ledgers of the accounts that are connected to this one, by account id.

        Nothing in them is part of this ledger. They are quiet on the same days.
        """
        ledgers = (
            Ledger(
                each.seed(self.seed),
                max(1, self._rows_per_day // each.smaller_by),
                self._start_date,
                calendar=self.seed,
            )
            for each in CONNECTED
        )
        return {ledger.account: ledger for ledger in ledgers}

    def connected(self, accounts: Sequence[str] | None = None) -> JointLedger:
        """Return the joint ledger of these connected accounts, or of all."""
        found = self.connected_accounts
        return JointLedger({id_: found[id_] for id_ in found if accounts is None or id_ in accounts})

    def activity(self, start: int, end: int) -> Iterator[BalanceTransaction]:
        """Yield the transactions created in the interval, oldest first."""
        for day in days(day_of(start), day_of(end - 1)):
            yield from (t for t in self._transactions(day) if start <= t.created < end)

    def payouts(self, start: int, end: int) -> Iterator[Payout]:
        """Yield the payouts effective in the interval, oldest first."""
        for day in days(day_of(start), day_of(end - 1)):
            arriving = [p for currency in CURRENCIES if (p := self._payout(day, currency))]
            arriving += self._irregular.payouts.get(day, ())
            yield from (p for p in sorted(arriving, key=_effective_at) if start <= p.effective_at < end)

    def payout(self, id_: str, until: int) -> Payout | None:
        """Return the payout with that id, if it is effective before `until`."""
        for beside in chain.from_iterable(self._irregular.payouts.values()):
            if beside.id == id_ and beside.reverses is None:
                return beside if beside.effective_at < until else None
        for day in days(self._start_date, day_of(until)):
            for currency in CURRENCIES:
                if self._payout_id(day, currency) == id_ and arrives_at(day, currency) < until:
                    return self._payout(day, currency)
        return None

    def payout_of(self, transaction: BalanceTransaction, until: int) -> Payout | None:
        """Return the payout that includes the transaction, if it is effective before `until`."""
        effective_at = paid_out_at(transaction)
        if effective_at >= until:
            return None
        return self._payout(day_of(effective_at), transaction.currency)

    def open_at(self, instant: int) -> Iterator[BalanceTransaction]:
        """Yield the transactions created before the instant that no payout effective before it includes."""
        last = day_of(instant - 1)
        for day in days(last - timedelta(days=LONGEST_WAY), last):
            of_day = chain(self._transactions(day), self._irregular.transactions(day))
            yield from (t for t in of_day if t.created < instant <= paid_out_at(t))

    def balances(self, instant: int) -> dict[str, tuple[int, int]]:
        """Return, by currency in minor units, the balance just before the instant and its available part.

        Every balance is paid out, so the balance is the sum of the open transactions.
        """
        totals = dict.fromkeys(CURRENCIES, (0, 0))
        for t in self.open_at(instant):
            total, available = totals[t.currency]
            totals[t.currency] = (total + t.net, available + (t.net if available_on(t) <= instant else 0))
        return totals

    def let_happen(self, kind: IrregularKind, day: date, currency: str | None = None) -> str:
        """Make a payout of that day irregular, from now on, and return its currency.

        By default, it is the first currency that can have such a payout. The ledger stays balanced; a report
        that is being built may show either state.

        `payout_reversed`: the automatic payout that arrives on that day fails, and returns two days later.
        `manual_payout`: half of the available balance goes to the bank at once, at 21:00 UTC.

        Raises ConfigurationError if there is no such payout, if nothing is available, or if the day has such
        a payout already.
        """
        with self._lock:
            before = self._irregular
            try:
                happening = Irregularity(day, kind, currency or self._currency_for(kind, day))
                if happening in before.happened:
                    raise ConfigurationError(
                        f"tampering {kind}: {day} has it already in {happening.currency}"
                    )
                self._replay(sorted((*before.happened, happening)))
            except ConfigurationError:
                self._irregular = before
                raise
            finally:
                self._kept_payouts.clear()
        return happening.currency

    def _currency_for(self, kind: IrregularKind, day: date) -> str:
        if kind == "manual_payout":
            found = (c for c in CURRENCIES if self._available_by_hand(day, c) > 0)
        else:
            failing = self._irregular.failing
            found = (c for c in CURRENCIES if (day, c) not in failing and self._payout(day, c))
        return next(found, CURRENCIES[0])

    def _replay(self, happenings: Sequence[Irregularity]) -> None:
        """Apply the irregularities in the order of days, because a payout depends on the days before it."""
        self._irregular = Irregular()
        self._kept_payouts.clear()
        for each in happenings:
            self._irregular = self._irregular.with_one_more(each, self._irregular_payout(each))

    def _irregular_payout(self, wanted: Irregularity) -> Payout:
        day, currency = wanted.day, wanted.currency
        if wanted.kind == "payout_reversed":
            if payout := self._payout(day, currency):
                return reversal(payout, self.seed)
            week = days(max(day - _NEAR, self._start_date), day + _NEAR)
            near = [str(other) for other in week if self._payout(other, currency)]
            raise ConfigurationError(
                f"tampering payout_reversed: no automatic payout in {currency} arrives on {day:%A}, {day};"
                f" near it, they arrive on {', '.join(near) or 'no day'}"
            )
        amount = self._available_by_hand(day, currency)
        if amount < 1:
            raise ConfigurationError(
                f"tampering manual_payout: on {day}, no {currency} is available; choose another day or"
                " currency"
            )
        return by_hand(self.account, self.seed, midnight(day) + BY_HAND_AT, currency, amount)

    def _available_by_hand(self, day: date, currency: str) -> int:
        _, available = self.balances(midnight(day) + BY_HAND_AT)[currency]
        return available // 2

    def _transactions(self, day: date) -> tuple[BalanceTransaction, ...]:
        """Return all transactions of the day, oldest first."""
        if day < self._start_date:
            return ()
        with self._lock:
            if (kept := self._kept_days.get(day)) is not None:
                return kept
            own, aftermath = self._activity.of(day)
            self._kept_aftermaths.put(day, aftermath, _rows(aftermath))
            earliest = max(self._start_date, day - timedelta(days=LONGEST_AFTERMATH))
            for before in days(earliest, day - timedelta(days=1)):
                own += self._aftermath(before).get(day, ())
            made = tuple(sorted(own, key=lambda t: (t.created, t.id)))
            self._kept_days.put(day, made, len(made))
            return made

    def _aftermath(self, day: date) -> Aftermath:
        aftermath = self._kept_aftermaths.get(day)
        if aftermath is None:
            _, aftermath = self._activity.of(day)
            self._kept_aftermaths.put(day, aftermath, _rows(aftermath))
        return aftermath

    def _payout(self, arrival: date, currency: str) -> Payout | None:
        """Return the automatic payout of that day and currency, if there is anything to pay out."""
        with self._lock:
            payout = self._kept_payouts.get((arrival, currency))
            if payout is None:
                payout = self._make_payout(arrival, currency)
                if payout:
                    self._kept_payouts.put((arrival, currency), payout, len(payout.transactions))
            return payout

    def _make_payout(self, arrival: date, currency: str) -> Payout | None:
        days_ = transaction_days(arrival)
        taken = [t for day in days_ for t in self._transactions(day) if t.currency == currency]
        effective_at = arrives_at(arrival, currency)
        for day in days(arrival - timedelta(days=LONGEST_WAY), arrival):
            beside = self._irregular.transactions(day)
            taken += (t for t in beside if t.currency == currency and paid_out_at(t) == effective_at)
        if not taken:
            return None
        rng = self._payout_chance(arrival, currency)
        return Payout(
            id=stripe_id(rng, "po"),
            account=self.account,
            balance_transaction_id=stripe_id(rng, "txn"),
            effective_at=effective_at,
            currency=currency,
            amount=sum(t.net for t in taken),
            destination=stripe_id(chance(self.seed, "bank", currency), "ba"),
            trace_id=f"{rng.randrange(10**15):015d}",
            reversed_at=self._irregular.failing.get((arrival, currency)),
            transactions=tuple(taken),
        )

    def _payout_id(self, arrival: date, currency: str) -> str:
        return stripe_id(self._payout_chance(arrival, currency), "po")

    def _payout_chance(self, arrival: date, currency: str) -> Random:
        return chance(self.seed, "payout", currency, arrival)


def _effective_at(payout: Payout) -> int:
    return payout.effective_at


def _rows(aftermath: Aftermath) -> int:
    return sum(map(len, aftermath.values()))
