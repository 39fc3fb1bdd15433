"""The gate to closing a month: every identity holds, or is waived."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from stripe_reports.catalog import amount_text
from stripe_reports.close.month import Month
from stripe_reports.close.month_days import MOST_NAMED
from stripe_reports.errors import CloseError, ConfigurationError
from stripe_reports.lake import Lake
from stripe_reports.reconcile import IDENTITIES, Outcome, Verdict, reconcile, unknown_identity
from stripe_reports.wording import some

_STOPS = (Verdict.BROKEN, Verdict.MISSING)


@dataclass(frozen=True, slots=True)
class Passed:
    """The result of a month that may be closed."""

    outcomes: int
    """The number of outcomes of all identities."""
    waived: Mapping[str, Sequence[Outcome]]
    """The outcomes that a waiver excuses, by identity, in the order of IDENTITIES."""
    unused: Sequence[str]
    """The identities whose waivers were not needed."""
    not_proven: Mapping[str, str]
    """Why an identity says nothing about any day, by identity: all payouts are manual, or a report is not
    selected or not offered."""


def check_waivers(waivers: Mapping[str, str]) -> None:
    """Raise ConfigurationError for a waiver of an unknown identity, or without a reason."""
    for name, reason in waivers.items():
        if name not in IDENTITIES:
            raise ConfigurationError(f"cannot waive an identity: {unknown_identity(name)}")
        if not reason.strip():
            raise ConfigurationError(f"the waiver of {name} has no reason; say why it may be broken")


def demand_identities(
    lake: Lake, month: Month, *, tables: Collection[str], timezone: str, waivers: Mapping[str, str]
) -> Passed:
    """Check every identity on these tables as they are now.

    Raises CloseError if one is broken or lacks a table, and is not waived.
    """
    outcomes = list(reconcile(lake, month.days, tables=tables, timezone=timezone))
    stopping = [each for each in outcomes if each.verdict in _STOPS]
    if open_ := [each for each in stopping if each.identity not in waivers]:
        identities = [name for name in IDENTITIES if any(each.identity == name for each in open_)]
        raise CloseError(
            f"{month} is not closed: {some(map(_text, open_), MOST_NAMED, separator='; ')}. Land these days"
            f" again, or waive {', '.join(identities)} with a reason"
        )
    waived = {name: [each for each in stopping if each.identity == name] for name in IDENTITIES}
    silent = {name: _why_silent([each for each in outcomes if each.identity == name]) for name in IDENTITIES}
    return Passed(
        len(outcomes),
        {name: found for name, found in waived.items() if found},
        [name for name in waivers if not waived[name]],
        {name: why for name, why in silent.items() if why},
    )


def _why_silent(outcomes: Sequence[Outcome]) -> str:
    """Return the reason of the first outcome, if all of them are not applicable."""
    says_nothing = all(each.verdict is Verdict.NOT_APPLICABLE for each in outcomes)
    return outcomes[0].reason if outcomes and says_nothing else ""


def _text(outcome: Outcome) -> str:
    where = f"{outcome.day}{f' in {outcome.currency}' if outcome.currency else ''}"
    if outcome.verdict is Verdict.MISSING:
        return f"{outcome.identity} cannot be checked on {where} ({outcome.reason})"
    off = "" if outcome.residual is None else f", {amount_text(outcome.residual)} off"
    return f"{outcome.identity} is broken on {where}{off}"
