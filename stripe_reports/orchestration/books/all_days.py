"""The check of `reconciliation` over all of its days: how many agree, and which do not."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import dagster as dg

from stripe_reports.catalog import amount_text, stretch_texts
from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake
from stripe_reports.orchestration.books.outcomes import MOST_NAMED
from stripe_reports.orchestration.ui_table import table_of
from stripe_reports.reconcile import Outcome, Verdict
from stripe_reports.wording import some

ALL_DAYS_CHECK = "all_days"
DESCRIPTION = "The reports agree on every reconciled day, whichever day was reconciled last."

_MOST_ROWS = 100
_COUNTED = " rows, found "
"""In the reason of an identity that is off by rows, not by an amount."""


@dataclass(frozen=True, slots=True)
class _Bad:
    """An identity that a day breaks, or that a missing table keeps from being proven."""

    day: date
    identity: str
    currency: str
    outcome: str
    residual: Decimal | None
    reason: str

    @property
    def amount(self) -> str:
        """`usd 0.01`; only the currency where no amount is off."""
        off = self.residual and _COUNTED not in self.reason
        return (
            f"{self.currency} {amount_text(self.residual, self.currency)}"
            if off and self.residual
            else self.currency
        )


def all_days_evaluation(
    lake: Lake,
    key: dg.AssetKey,
    done: Mapping[date, Sequence[Outcome]],
    landed: Iterable[date],
    *,
    severities: Mapping[str, dg.AssetCheckSeverity],
) -> dg.AssetCheckEvaluation:
    """Reads the tables `reconciliation` of all days but those that this run has `done`, and only their rows
    that are broken or missing.

    `landed`: days of which every table has landed; those that are not reconciled are not proven and warn, as
    do tables that are missing. A broken day is of the worst severity that its identities have.
    """
    table = key.path[-1]
    try:
        kept = lake.days(table)
        bad = [*_bad(done), *_kept_bad(lake, table, [day for day in kept if day not in done])]
    except LakeError as error:
        return _evaluation(
            key, f"{error}; materialize that day of {table} again", dg.AssetCheckSeverity.ERROR
        )
    days = {*kept, *done}
    broken = [each for each in bad if each.outcome == Verdict.BROKEN]
    unproven = {each.day for each in bad} - {each.day for each in broken}
    not_reconciled = sorted(set(landed) - days)
    agree = len(days) - len({each.day for each in bad})
    parts = [f"{agree} of {len(days)} days agree"]
    if broken:
        parts.append(f"broken: {some(_broken_days(broken), MOST_NAMED)}")
    if unproven:
        parts.append(f"not proven, as tables are missing: {some(stretch_texts(unproven), MOST_NAMED)}")
    if not_reconciled:
        parts.append(f"not reconciled yet: {some(stretch_texts(not_reconciled), MOST_NAMED)}")
    errors = any(
        severities.get(each.identity, dg.AssetCheckSeverity.ERROR) is dg.AssetCheckSeverity.ERROR
        for each in broken
    )
    return _evaluation(
        key,
        "; ".join(parts),
        dg.AssetCheckSeverity.ERROR if errors else dg.AssetCheckSeverity.WARN,
        passed=not bad and not not_reconciled,
        metadata={
            "days": len(days),
            "days_that_agree": agree,
            "broken_days": len({each.day for each in broken}),
            **({"broken": _table(broken)} if broken else {}),
        },
    )


def _evaluation(
    key: dg.AssetKey,
    text: str,
    severity: dg.AssetCheckSeverity,
    *,
    passed: bool = False,
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=ALL_DAYS_CHECK,
        passed=passed,
        severity=severity,
        blocking=False,
        description=text,
        metadata=metadata,
    )


def _bad(done: Mapping[date, Sequence[Outcome]]) -> Iterator[_Bad]:
    for day, outcomes in done.items():
        for each in outcomes:
            if each.verdict in (Verdict.BROKEN, Verdict.MISSING):
                yield _Bad(day, each.identity, each.currency, each.verdict, each.residual, each.reason)


def _kept_bad(lake: Lake, table: str, days: Sequence[date]) -> Iterator[_Bad]:
    if not days:
        return
    import pyarrow.dataset as ds

    from stripe_reports.lake import read_errors

    columns = ["date", "identity", "currency", "outcome", "residual", "reason"]
    wanted = ds.field("outcome").isin([Verdict.BROKEN.value, Verdict.MISSING.value])
    with read_errors(f"{lake.root}/{table}"):
        rows = lake.dataset(table, days).to_table(columns=columns, filter=wanted).to_pylist()
    for row in rows:
        yield _Bad(row.pop("date"), **row)


def _broken_days(broken: Sequence[_Bad]) -> Sequence[str]:
    """`2026-11-26 (usd 0.01)`: each day with the first amount that is off in each currency."""
    days: dict[date, dict[str, str]] = {}
    for each in sorted(broken, key=lambda each: (each.day, each.currency, each.amount == each.currency)):
        days.setdefault(each.day, {}).setdefault(each.currency, each.amount)
    return [
        f"{day} ({', '.join(filter(None, amounts.values()))})" if any(amounts.values()) else str(day)
        for day, amounts in days.items()
    ]


def _table(broken: Sequence[_Bad]) -> dg.MetadataValue[Any]:
    return table_of(
        [
            {
                "day": str(each.day),
                "identity": each.identity,
                "currency": each.currency,
                "residual": "" if each.residual is None else amount_text(each.residual),
                "reason": each.reason,
            }
            for each in sorted(broken, key=lambda each: each.day)[:_MOST_ROWS]
        ]
    )
