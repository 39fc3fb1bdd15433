"""The tables, columns and days that each equation needs."""

from __future__ import annotations

from collections.abc import Mapping

from stripe_reports.reconcile.families import PAIRS, Family
from stripe_reports.reconcile.identity import Needs

_NET = ("currency", "net")
_AMOUNTS = ("currency", "gross", "fee", "net")
_LINE = ("category", *_NET)
_PAYOUT = ("payout_id", *_NET)
_ID = ("currency", "id")

BALANCE = Needs({Family.BALANCE: _LINE})
LINK = Needs({Family.BALANCE: _LINE}, day_before=Family.BALANCE)
ACTIVITY_SUM = Needs({Family.BALANCE: _LINE, Family.ACTIVITY: _NET})
PAYOUTS_SUM = Needs({Family.BALANCE: _LINE, Family.PAYOUTS: _NET})
PAID_SUM = Needs(
    {Family.BALANCE: _LINE, Family.PAYOUTS: ("category", *_PAYOUT), Family.PAID: _PAYOUT},
    helps=(Family.PAID_SUMMARY,),
)
UNPAID_SUM = Needs(
    {Family.BALANCE: _LINE, Family.UNPAID: _NET}, helps=(Family.PAYOUTS, Family.PAID, Family.PAID_SUMMARY)
)
EACH_PAYOUT = Needs(
    {Family.PAYOUTS: ("category", *_PAYOUT), Family.PAID: _PAYOUT}, helps=(Family.PAID_SUMMARY,)
)
MOVES = Needs(
    {Family.ACTIVITY: _ID, Family.PAID: _ID, Family.UNPAID: _ID},
    helps=(Family.PAYOUTS, Family.PAID_SUMMARY),
    day_before=Family.UNPAID,
)
MANUAL = Needs({Family.PAYOUTS: _PAYOUT, Family.PAID: _PAYOUT}, helps=(Family.PAID_SUMMARY,))
IDS = Needs({Family.ACTIVITY: _ID})

CATEGORIES: Mapping[Family, Needs] = {
    rows: Needs({rows: ("category", *_AMOUNTS), summary: ("category", "count", *_AMOUNTS)})
    for rows, summary in PAIRS.items()
}
AMOUNTS: Mapping[Family, Needs] = {rows: Needs({rows: _AMOUNTS}) for rows in PAIRS}
NAMED: Mapping[Family, Needs] = {
    rows: Needs({rows: ("payout_id" if rows is Family.PAYOUTS else "id", *_NET)}) for rows in PAIRS
}
INSTANTS: Mapping[Family, Needs] = {
    rows: Needs({rows: (*_NET, "instant")}) for rows in (Family.ACTIVITY, Family.PAYOUTS, Family.PAID)
}
