"""Closing a month: the books, written once, and not moved without a word."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from stripe_reports.close.accounts import ChartOfAccounts
from stripe_reports.close.beancount import beancount_journal
from stripe_reports.close.books import Books, keep_books
from stripe_reports.close.days import demand_days
from stripe_reports.close.evidence import read_evidence
from stripe_reports.close.gate import check_waivers, demand_identities
from stripe_reports.close.hledger import hledger_journal
from stripe_reports.close.journal import journal_csv
from stripe_reports.close.kept_closing import KeptClosing, keep_closing
from stripe_reports.close.manifest import MANIFEST, manifest_json
from stripe_reports.close.month import Month
from stripe_reports.close.movements import BookedTables, Movements, read_movements
from stripe_reports.close.trial_balance import Line, trial_balance, trial_balance_csv
from stripe_reports.errors import CloseError
from stripe_reports.lake import Lake
from stripe_reports.reconcile import Selected


@dataclass(frozen=True, slots=True)
class Closing:
    """A closed month."""

    month: Month
    books: Books
    movements: Movements
    trial_balance: Sequence[Line]
    waived: Mapping[str, str]
    """The reasons of the waivers that it needed, by identity."""
    unused_waivers: Sequence[str]
    """The identities whose waivers it did not need."""
    not_proven: Mapping[str, str]
    """Why identities say nothing of the whole month, by identity."""
    kept: KeptClosing
    """What became of its documents."""


def close_month(
    lake: Lake,
    month: date,
    *,
    tables: Collection[str],
    timezone: str = "UTC",
    waivers: Mapping[str, str] | None = None,
    accounts: Mapping[str, str] | None = None,
    reclose: bool = False,
) -> Closing:
    """Close the month that a day lies in: trial balance and journals in `_closed/<YYYY-MM>/` of the lake.

    `tables`: the report tables that are landed; those that are reconciled, and that the account offers, must
    have every day, from the account's first one on. `timezone`: of
    the days. `waivers`: why an identity need not hold, by its name. `accounts`: other accounts than
    `ACCOUNTS`, by reporting category.

    A month that is closed and comes out the same is left as it is. One whose books would move is refused
    unless `reclose`: who has booked the month must hear of it.

    Raises CloseError where a day is missing, an identity does not hold and is not waived, the journal does
    not come to Stripe's ending balance, or a closed month would move; ConfigurationError for what makes no
    sense; LakeError if the lake refuses.
    """
    asked = Month.of(month)
    BookedTables.among(tables)
    selected = Selected.of(lake, tables)
    reconciled = list(selected.tables.values())
    booked = BookedTables.offered(selected)
    chart = ChartOfAccounts(accounts)
    waivers = waivers or {}
    check_waivers(waivers)
    asked = demand_days(lake, asked, reconciled, timezone=timezone)
    evidence = read_evidence(lake, asked, reconciled)
    passed = demand_identities(lake, asked, tables=tables, timezone=timezone, waivers=waivers)
    movements = read_movements(lake, asked, booked)
    if read_evidence(lake, asked, reconciled) != evidence:
        raise CloseError(f"days of {asked} landed again while it was being closed; close it once they have")
    books = keep_books(asked, timezone, movements, chart)
    lines = trial_balance(books)
    documents = {
        "trial_balance.csv": trial_balance_csv(lines),
        "journal.csv": journal_csv(books),
        "journal.hledger": hledger_journal(books),
        "journal.beancount": beancount_journal(books),
    }
    documents[MANIFEST] = manifest_json(
        books, movements, passed, waivers=waivers, evidence=evidence, documents=documents
    )
    kept = keep_closing(lake, asked, documents, reclose=reclose)
    return Closing(
        month=asked,
        books=books,
        movements=movements,
        trial_balance=lines,
        waived={name: waivers[name] for name in passed.waived},
        unused_waivers=passed.unused,
        not_proven=passed.not_proven,
        kept=kept,
    )
