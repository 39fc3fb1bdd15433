"""Closing a month: its books are written once, and change only on request."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from stripe_reports.close.accounts import ChartOfAccounts
from stripe_reports.close.beancount import beancount_journal
from stripe_reports.close.books import Books, keep_books
from stripe_reports.close.gate import check_waivers, demand_identities
from stripe_reports.close.hledger import hledger_journal
from stripe_reports.close.journal import journal_csv
from stripe_reports.close.kept_closing import KeptClosing, keep_closing
from stripe_reports.close.manifest import MANIFEST, manifest_json, read_evidence
from stripe_reports.close.month import Month
from stripe_reports.close.month_days import demand_days
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
    """The reasons of the waivers that were needed, by identity."""
    unused_waivers: Sequence[str]
    """The identities whose waivers were not needed."""
    not_proven: Mapping[str, str]
    """Why an identity says nothing about the whole month, by identity."""
    kept: KeptClosing
    """What was done with its documents."""


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
    """Close the month of a day: write trial balance and journals to `_closed/<YYYY-MM>/` of the lake.

    `tables` are the landed report tables; those that are reconciled, and that the account offers, must have
    every day from the account's first day on. `timezone` is the time zone of the days. `waivers` say why an
    identity need not hold, by its name. `accounts` are accounts other than `ACCOUNTS`, by reporting category.

    A closed month whose books stay the same is left as it is. If its books would change, closing fails unless
    `reclose` is set, so that whoever has booked the month learns of it.

    Raises CloseError if a day is missing, an identity does not hold and is not waived, the journal's closing
    balance is not Stripe's, or the books of a closed month would change; ConfigurationError for invalid
    arguments; LakeError if the lake cannot be read or written.
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
        raise CloseError(f"{asked} is not closed: some of its days landed again meanwhile; close it again")
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
