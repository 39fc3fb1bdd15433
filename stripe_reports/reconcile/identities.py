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
"""How many days before and after the requested days no_transaction_twice looks for their ids."""

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
        "rows_in_their_day",
        "Each row of a report of an interval lies within its day, so that reports of adjoining days neither"
        " share nor drop rows.",
        tuple(
            Part(its, _of(equations.IN_ITS_DAY, rows), clues.OUTSIDE[rows])
            for rows, its in needs.INSTANTS.items()
        ),
    ),
    Identity(
        "no_transaction_twice",
        "A balance transaction is in the itemized activity once: on the day, among all days that are asked"
        f" for, and among those that have landed up to {WINDOW_DAYS} days before and after them.",
        (Part(needs.IDS, equations.UNIQUE, clues.REPEATED),),
        unique_ids=True,
    ),
    Identity(
        "net_is_gross_less_fee",
        "In each row of the itemized reports, net is gross less fee.",
        tuple(
            Part(needs.AMOUNTS[rows], _of(equations.EACH_ROW, rows), clues.AMOUNTS[rows]) for rows in PAIRS
        ),
    ),
    Identity(
        "summaries_match_rows",
        "By reporting category, each summary says what its itemized report adds up to: count, gross, fee and"
        " net.",
        tuple(
            Part(needs.CATEGORIES[rows], _of(equations.CATEGORIES, rows), clues.CATEGORIES[rows])
            for rows in PAIRS
        ),
    ),
    Identity(
        "activity_matches_balance",
        "The activity of the balance summary is what the day's itemized activity adds up to.",
        (Part(needs.ACTIVITY_SUM, equations.ACTIVITY_SUM, clues.ROWS[Family.ACTIVITY]),),
    ),
    Identity(
        "payouts_match_balance",
        "The payouts of the balance summary are what the day's itemized payouts add up to.",
        (Part(needs.PAYOUTS_SUM, equations.PAYOUTS_SUM, clues.ROWS[Family.PAYOUTS]),),
    ),
    Identity(
        "balance_adds_up",
        "The starting balance, what the day's activity changed and its payouts make the ending balance; gross"
        " and fees make the activity, and the payouts.",
        tuple(Part(needs.BALANCE, sql, clues.LINES) for sql in equations.BALANCES),
    ),
    Identity(
        "balance_continues",
        "The day starts with the balance with which the day before ended.",
        (Part(needs.LINK, equations.LINK, clues.ENDS),),
    ),
    Identity(
        "each_payout_is_explained",
        "Each automatic payout is what the transactions in it add up to.",
        (Part(needs.EACH_PAYOUT, equations.PAYOUTS, clues.ROWS[Family.PAID]),),
        manual=Manual.LEFT_OUT,
    ),
    Identity(
        "paid_out_matches_payouts",
        "What the day's automatic payouts took from the balance is what the transactions in them add up to.",
        (Part(needs.PAID_SUM, equations.PAID_SUM, clues.ROWS[Family.PAID]),),
        manual=Manual.THAT_DAY,
    ),
    Identity(
        "ending_balance_is_explained",
        "The ending balance is what the transactions that no payout took along add up to.",
        (Part(needs.UNPAID_SUM, equations.UNPAID_SUM, clues.ROWS[Family.UNPAID]),),
        manual=Manual.FROM_THEN_ON,
    ),
    Identity(
        "nothing_lost_between_days",
        "Each transaction that was open or is new was either paid out once or is open at the end of the day.",
        (Part(needs.MOVES, equations.CONSERVATION, clues.MOVES),),
        manual=Manual.FROM_THEN_ON,
    ),
)

IDENTITIES: Mapping[str, Identity] = {identity.name: identity for identity in _ALL}
"""All identities by name, in an order that reads as a proof: each row is right and in one day, the reports
add up to the balance summary, its days join, and what was paid out or is left is explained."""

_FORMER_NAMES = {
    "I1": "balance_adds_up",
    "I2": "balance_continues",
    "I3": "activity_matches_balance",
    "I4": "summaries_match_rows",
    "I5": "net_is_gross_less_fee",
    "I6": "payouts_match_balance",
    "I7": "paid_out_matches_payouts",
    "I8": "each_payout_is_explained",
    "I9": "ending_balance_is_explained",
    "I10": "nothing_lost_between_days",
    "I11": "no_transaction_twice",
    "I12": "rows_in_their_day",
}


def unknown_identity(name: str, names: Iterable[str] = IDENTITIES) -> str:
    """Return what to say of a name that is not among `names`: its new name, or the nearest one, and all."""
    names = tuple(names)
    now = f"; its name is now {_FORMER_NAMES[name]!r}" if name in _FORMER_NAMES else nearest(name, names)
    return f"{name!r} is not an identity{now}; there are {', '.join(names)}"


def select_identities(names: Iterable[str] | None) -> list[Identity]:
    """Return the identities of these names, or all, in the order of IDENTITIES.

    Raises ConfigurationError for an unknown name.
    """
    wanted = list(IDENTITIES) if names is None else list(names)
    for name in wanted:
        if name not in IDENTITIES:
            raise ConfigurationError(unknown_identity(name))
    return [identity for name, identity in IDENTITIES.items() if name in wanted]
