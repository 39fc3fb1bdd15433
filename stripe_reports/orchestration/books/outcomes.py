"""The outcomes of a day's identities, as the Dagster UI shows them and the lake keeps them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg

from stripe_reports.catalog import amount_text
from stripe_reports.orchestration.ui_table import table_of
from stripe_reports.reconcile import Chain, Outcome, Verdict
from stripe_reports.wording import some

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_BROKEN_LINKS = 20
MOST_NAMED = 3

OUTCOMES_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("identity", "string", "Its name, such as balance_adds_up."),
        dg.TableColumn("currency", "string", "As Stripe writes it: usd. Empty if the row has none."),
        dg.TableColumn("outcome", "string", "holds, broken, not_applicable or missing."),
        dg.TableColumn(
            "expected", "decimal(38, 18)", "Major units, or a number of rows if the identity counts them."
        ),
        dg.TableColumn("actual", "decimal(38, 18)", "What was found."),
        dg.TableColumn("residual", "decimal(38, 18)", "Actual less expected."),
        dg.TableColumn("reason", "string", "Why it does not hold; empty if it holds."),
    ]
)
"""The columns of the table `reconciliation`."""


def outcomes_table(outcomes: Sequence[Outcome]) -> "pa.Table":
    """Return a row for each identity and currency, for the table `reconciliation`."""
    import pyarrow as pa

    from stripe_reports.lake import DECIMAL

    columns: list[tuple[str, Any, list[Any]]] = [
        ("identity", pa.string(), [each.identity for each in outcomes]),
        ("currency", pa.string(), [each.currency for each in outcomes]),
        ("outcome", pa.string(), [each.verdict.value for each in outcomes]),
        ("expected", DECIMAL, [each.expected for each in outcomes]),
        ("actual", DECIMAL, [each.actual for each in outcomes]),
        ("residual", DECIMAL, [each.residual for each in outcomes]),
        ("reason", pa.string(), [each.reason for each in outcomes]),
    ]
    return pa.table(
        [pa.array(values, type_) for _, type_, values in columns], names=[name for name, _, _ in columns]
    )


def outcomes_metadata(outcomes: Sequence[Outcome], uri: str) -> Mapping[str, Any]:
    """Return facts about a day; the UI plots the counts over the partitions."""
    found = Counter(each.verdict for each in outcomes)
    return {
        "dagster/partition_row_count": len(outcomes),
        "dagster/uri": uri,
        **{verdict.value: found[verdict] for verdict in Verdict},
        "outcomes": _table(_worst_first(outcomes), "identity"),
    }


_WORST_FIRST = (Verdict.BROKEN, Verdict.MISSING, Verdict.NOT_APPLICABLE, Verdict.HOLDS)


def _worst_first(outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    return sorted(outcomes, key=lambda each: _WORST_FIRST.index(each.verdict))


def identity_evaluation(
    key: dg.AssetKey,
    identity: str,
    partition: str,
    outcomes: Sequence[Outcome],
    *,
    severity: dg.AssetCheckSeverity,
    blocking: bool,
) -> dg.AssetCheckEvaluation:
    """Return the evaluation of one identity on one day, in all currencies.

    A broken identity has the given severity. One that is missing or not applicable has not passed, and warns.
    """
    outcomes = _worst_first(outcomes)
    verdict = outcomes[0].verdict
    broken = verdict is Verdict.BROKEN
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=identity,
        partition=partition,
        passed=verdict is Verdict.HOLDS,
        severity=severity if broken else dg.AssetCheckSeverity.WARN,
        blocking=blocking,
        description=None if verdict is Verdict.HOLDS else _reasons(verdict, outcomes),
        metadata={"outcomes": _table(outcomes), **(_explanation(outcomes) if broken else {})},
    )


def chain_evaluation(
    key: dg.AssetKey,
    name: str,
    partition: str,
    chain: Chain,
    *,
    severity: dg.AssetCheckSeverity,
    blocking: bool,
) -> dg.AssetCheckEvaluation:
    """Return the evaluation of all links between landed days.

    A broken link has the given severity; missing days warn.
    """
    gaps = [str(first) if first == last else f"{first} to {last}" for first, last in chain.gaps]
    found = []
    if not chain.days:
        found.append("No day of the balance summary has landed.")
    if chain.broken:
        found.append(
            f"Broken at {some((f'{each.day} {each.currency}' for each in chain.broken), MOST_NAMED)}."
        )
    if gaps:
        found.append(f"Not landed: {some(gaps, MOST_NAMED)}.")
    if others := [str(day) for day in chain.of_other_zones]:
        found.append(f"Days of another time zone, which are not compared: {some(others, MOST_NAMED)}.")
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=name,
        partition=partition,
        passed=not found,
        severity=severity if chain.broken else dg.AssetCheckSeverity.WARN,
        blocking=blocking,
        description=" ".join(found) or None,
        metadata={
            "days": chain.days,
            "links": chain.links,
            "broken_links": len(chain.broken),
            **({"broken": _table(chain.broken[:_MOST_BROKEN_LINKS], "day")} if chain.broken else {}),
            **({"not_landed": gaps} if gaps else {}),
        },
    )


def _reasons(verdict: Verdict, outcomes: Sequence[Outcome]) -> str:
    """Return the first of those outcomes in a line, and how many more there are."""
    first, *more = [each for each in outcomes if each.verdict is verdict]
    where = f" in {first.currency}" if first.currency else ""
    others = f" And {len(more)} more." if more else ""
    return f"{verdict.value.replace('_', ' ').capitalize()}{where}: {first.reason}.{others}"


def _explanation(outcomes: Sequence[Outcome]) -> Mapping[str, Any]:
    broken = [each for each in outcomes if each.verdict is Verdict.BROKEN]
    shares = [
        {
            "currency": each.currency,
            "reporting_category": share.reporting_category,
            **_amounts(share.expected, share.actual, share.residual),
        }
        for each in broken
        for share in each.shares
    ]
    rows = [
        {
            "currency": each.currency,
            "why": suspect.why,
            "table": suspect.table,
            "day": str(suspect.day),
            "id": suspect.id,
            "reporting_category": suspect.reporting_category,
            **_amounts(suspect.expected, suspect.actual),
        }
        for each in broken
        for suspect in each.suspects
    ]
    metadata: dict[str, Any] = {"rows_to_look_at_count": sum(each.suspect_count for each in broken)}
    if rows:
        metadata["rows_to_look_at"] = table_of(rows)
    if shares:
        metadata["reporting_categories"] = table_of(shares)
    return metadata


def _table(outcomes: Sequence[Outcome], *names: str) -> dg.MetadataValue[Any]:
    """Return the outcomes as a table; `names` are the attributes that differ beside the currency."""
    return table_of(
        [
            {
                **{name: str(getattr(each, name)) for name in names},
                "currency": each.currency,
                "outcome": each.verdict.value,
                **_amounts(each.expected, each.actual, each.residual),
                "reason": each.reason,
            }
            for each in outcomes
        ]
    )


_AMOUNT_NAMES = ("expected", "actual", "residual")


def _amounts(*amounts: Decimal | None) -> dict[str, str]:
    """Return the amounts as texts, because a number would be a float."""
    return {
        name: "" if amount is None else amount_text(amount)
        for name, amount in zip(_AMOUNT_NAMES, amounts, strict=False)
    }
