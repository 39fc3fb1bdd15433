"""Whom and what a report run is about: accounts and payouts that must be there."""

from __future__ import annotations

from stripe_reports.sandbox.http.error import no_such
from stripe_reports.sandbox.ledger import Books, Ledger
from stripe_reports.sandbox.reports import Query


def check_target(ledger: Ledger, query: Query) -> None:
    """Raise Refusal for a connected account or a payout that the run cannot be about."""
    books: Books = ledger
    if query.connected_accounts is not None:
        for id_ in query.connected_accounts:
            if id_ not in ledger.connected_accounts:
                raise no_such("account", id_, param="parameters[connected_account]", status=400)
        books = ledger.connected(query.connected_accounts)
    if query.payout is not None and books.payout(query.payout, query.known_until) is None:
        raise no_such("payout", query.payout, param="parameters[payout]", status=400)
