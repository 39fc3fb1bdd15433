"""The identities between Stripe's balance, payouts and reconciliation reports.

They compare net amounts: `activity_gross` of the balance summary is not the gross of the activity reports,
since separately charged fees move to the fee line. Money to the bank is negative in balance.summary, seen
from the balance, and positive in the payouts reports, seen from the bank. A `fee` is positive in itemized
reports and negative in summaries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stripe_reports.errors import ConfigurationError
from stripe_reports.reconcile import clues, equations, needs
from stripe_reports.reconcile.families import PAIRS, Family
from stripe_reports.reconcile.identity import Identity, Manual, Part
from stripe_reports.wording import nearest

WINDOW_DAYS = 35
"""How many days before and after the requested days I11 looks for their ids."""

_TITLES = {
    Family.ACTIVITY: "activity",
    Family.PAYOUTS: "payouts",
    Family.PAID: "payout reconciliation",
    Family.UNPAID: "ending balance reconciliation",
}


def _of(text: str, rows: Family) -> str:
    named = text.replace("SUMMARY", PAIRS[rows].role).replace("ROWS", rows.role)
    return named.replace("TITLE", _TITLES[rows])


_ALL = (
    Identity(
        "I1",
        "The starting balance, what the day's activity changed and its payouts make the ending balance; gross"
        " and fees make the activity, and the payouts.",
        tuple(Part(needs.BALANCE, sql, clues.LINES) for sql in equations.BALANCES),
    ),
    Identity(
        "I2",
        "The day starts with the balance with which the day before ended.",
        (Part(needs.LINK, equations.LINK, clues.ENDS),),
    ),
    Identity(
        "I3",
        "The activity of the balance summary is what the day's itemized activity adds up to.",
        (Part(needs.ACTIVITY_SUM, equations.ACTIVITY_SUM, clues.ROWS[Family.ACTIVITY]),),
    ),
    Identity(
        "I4",
        "By reporting category, each summary says what its itemized report adds up to: count, gross, fee and"
        " net.",
        tuple(
            Part(needs.CATEGORIES[rows], _of(equations.CATEGORIES, rows), clues.CATEGORIES[rows])
            for rows in PAIRS
        ),
    ),
    Identity(
        "I5",
        "In each row of the itemized reports, net is gross less fee.",
        tuple(
            Part(needs.AMOUNTS[rows], _of(equations.EACH_ROW, rows), clues.AMOUNTS[rows]) for rows in PAIRS
        ),
    ),
    Identity(
        "I6",
        "The payouts of the balance summary are what the day's itemized payouts add up to.",
        (Part(needs.PAYOUTS_SUM, equations.PAYOUTS_SUM, clues.ROWS[Family.PAYOUTS]),),
    ),
    Identity(
        "I7",
        "What the day's automatic payouts took from the balance is what the transactions in them add up to.",
        (Part(needs.PAID_SUM, equations.PAID_SUM, clues.ROWS[Family.PAID]),),
        manual=Manual.THAT_DAY,
    ),
    Identity(
        "I8",
        "Each automatic payout is what the transactions in it add up to.",
        (Part(needs.EACH_PAYOUT, equations.PAYOUTS, clues.ROWS[Family.PAID]),),
        manual=Manual.LEFT_OUT,
    ),
    Identity(
        "I9",
        "The ending balance is what the transactions that no payout took along add up to.",
        (Part(needs.UNPAID_SUM, equations.UNPAID_SUM, clues.ROWS[Family.UNPAID]),),
        manual=Manual.FROM_THEN_ON,
    ),
    Identity(
        "I10",
        "Each transaction that was open or is new was either paid out once or is open at the end of the day.",
        (Part(needs.MOVES, equations.CONSERVATION, clues.MOVES),),
        manual=Manual.FROM_THEN_ON,
    ),
    Identity(
        "I11",
        "A balance transaction is in the itemized activity once: on the day, among all days that are asked"
        f" for, and among those that have landed up to {WINDOW_DAYS} days before and after them.",
        (Part(needs.IDS, equations.UNIQUE, clues.REPEATED),),
        unique_ids=True,
    ),
    Identity(
        "I12",
        "Each row of a report of an interval lies within its day, so that reports of adjoining days neither"
        " share nor drop rows.",
        tuple(
            Part(its, _of(equations.IN_ITS_DAY, rows), clues.OUTSIDE[rows])
            for rows, its in needs.INSTANTS.items()
        ),
    ),
)

IDENTITIES: Mapping[str, Identity] = {identity.name: identity for identity in _ALL}
"""All identities by name, `I1` to `I12`."""


def select_identities(names: Iterable[str] | None) -> list[Identity]:
    """Return the identities of these names, or all, in the order of IDENTITIES.

    Raises ConfigurationError for an unknown name.
    """
    wanted = list(IDENTITIES) if names is None else list(names)
    for name in wanted:
        if name not in IDENTITIES:
            raise ConfigurationError(
                f"{name!r} is not an identity{nearest(name, IDENTITIES)}; there are {', '.join(IDENTITIES)}"
            )
    return [identity for name, identity in IDENTITIES.items() if name in wanted]
