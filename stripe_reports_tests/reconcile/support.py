"""Outcomes, as tests look at them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from stripe_reports.lake import Lake
from stripe_reports.reconcile import Outcome, Verdict, reconcile

ALL = [
    "rows_in_their_day",
    "no_transaction_twice",
    "net_is_gross_less_fee",
    "summaries_match_rows",
    "activity_matches_balance",
    "payouts_match_balance",
    "balance_adds_up",
    "balance_continues",
    "each_payout_is_explained",
    "paid_out_matches_payouts",
    "ending_balance_is_explained",
    "nothing_lost_between_days",
]


def outcome(lake: Lake, day: date, identity: str, currency: str = "usd", **more: Any) -> Outcome:
    """The one of that identity and currency; that of no currency if there is none."""
    found = {each.currency: each for each in reconcile(lake, [day], identities=[identity], **more)}
    return found.get(currency) or found[""]


def of(outcomes: Iterable[Outcome], verdict: Verdict) -> list[Outcome]:
    return [each for each in outcomes if each.verdict is verdict]


def broken(outcomes: Iterable[Outcome]) -> set[tuple[str, date, str]]:
    return {(each.identity, each.day, each.currency) for each in of(outcomes, Verdict.BROKEN)}
