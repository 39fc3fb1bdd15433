"""The manifest `close.json`: what was closed, its evidence, and the digests of the books."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any

from stripe_reports import __version__
from stripe_reports.catalog import amount_text, as_text
from stripe_reports.close.books import Books
from stripe_reports.close.gate import Passed
from stripe_reports.close.month import Month
from stripe_reports.close.movements import Movements
from stripe_reports.errors import CloseError
from stripe_reports.lake import Lake

MANIFEST = "close.json"
_DIGESTS = "sha256"

Evidence = Mapping[str, Mapping[str, str]]
"""The CSVs that the tables of a closing were landed from: {table: {day: SHA-256 of its CSV}}."""


def read_evidence(lake: Lake, month: Month, tables: Collection[str]) -> Evidence:
    """Return the evidence for every day of these tables, which must have landed.

    It does not have the ids of the report runs, as Stripe gives different ids for the same bytes. A day's
    `Lake.provenance` has them, and `Lake.kept_csv` has the bytes.
    """
    return {
        table: {str(day): lake.provenance(table, day).get("csv_sha256", "") for day in month.days}
        for table in sorted(tables)
    }


def manifest_json(
    books: Books,
    movements: Movements,
    passed: Passed,
    *,
    waivers: Mapping[str, str],
    evidence: Evidence,
    documents: Mapping[str, bytes],
) -> bytes:
    """Return the manifest. It does not depend on when, where or by which run the month is closed."""
    manifest: dict[str, Any] = {
        "month": str(books.month),
        "first_day": str(books.month.first),
        "timezone": books.timezone,
        "package_version": __version__,
        "waivers": {
            name: {
                "reason": waivers[name],
                "outcomes": [
                    {
                        "day": str(each.day),
                        "currency": each.currency,
                        "outcome": each.verdict.value,
                        "residual": None if each.residual is None else amount_text(each.residual),
                    }
                    for each in outcomes
                ],
            }
            for name, outcomes in passed.waived.items()
        },
        "not_proven": dict(passed.not_proven),
        "balances": {
            currency.upper(): {
                "opening": as_text(books.opening.get(currency, 0), currency),
                "closing": as_text(books.closing(currency), currency),
            }
            for currency in books.currencies
        },
        "counts": {
            "days": len(books.month.days),
            "transactions": sum(moved.count for moved in movements.activity),
            "payouts": len(movements.payouts),
            "entries": len(books.entries),
            "outcomes": passed.outcomes,
        },
        "evidence": evidence,
        _DIGESTS: {name: sha256(body).hexdigest() for name, body in documents.items()},
    }
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()


def recorded_digests(manifest: bytes) -> Mapping[str, str]:
    """Return the digests of the books in a manifest, by name. Raises CloseError if it is damaged."""
    try:
        return dict(json.loads(manifest)[_DIGESTS])
    except (ValueError, KeyError, TypeError):
        raise CloseError(
            f"the month's {MANIFEST} in the lake is damaged; look at it, and close the month with"
            " reclose: true"
        ) from None
