"""The report about failed payouts."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_reports.sandbox.ledger import AnyLedger, Payout, chance, stripe_id
from stripe_reports.sandbox.reports.payouts import selected_payouts
from stripe_reports.sandbox.reports.query import Query, Row, date_stamp

_ONE_IN = 6
_FAILURES = (
    ("account_closed", "The bank account has been closed."),
    ("no_account", "The bank account details on file are probably incorrect.\nNo account was found."),
    ("declined", 'The bank "declined" the transfer, without a reason'),
)


def failed_payouts(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield the payouts that the bank refused.

    Some were repeated in the same second: the money never left, so the balance and all other reports contain
    only the second attempt. Payouts that failed later are in all reports; they are here once they have
    returned, on the day of the payout.
    """
    for payout in selected_payouts(ledger, query):
        if payout.reverses is not None:
            continue
        if payout.reversed_at is not None and payout.has_failed(query.known_until):
            yield _row(query, payout, payout.id, payout.reversed_at, *_FAILURES[0])
        draw = chance("failed payout", payout.id)
        if draw.randrange(_ONE_IN):
            continue
        code, message = draw.choice(_FAILURES)
        yield _row(query, payout, stripe_id(draw, "po"), payout.effective_at, code, message)


def _row(query: Query, payout: Payout, id_: str, reversed_at: int, code: str, message: str) -> Row:
    return {
        "payout_id": id_,
        **query.stamps("effective_at", payout.effective_at),
        "currency": payout.currency,
        "gross": query.money(payout.amount, payout.currency),
        "fee": query.money(payout.fee, payout.currency),
        "net": query.money(payout.net, payout.currency),
        "reporting_category": payout.reporting_category,
        "description": "STRIPE PAYOUT",
        "payout_expected_arrival_date": date_stamp(payout.effective_at),
        "payout_status": "failed",
        **query.stamps("payout_reversed_at", reversed_at),
        "payout_type": "bank_account",
        "payout_destination_id": payout.destination,
        "failure_code": code,
        "failure_message": message,
    }
