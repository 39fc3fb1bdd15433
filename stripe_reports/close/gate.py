"""Whether a month may be closed: every identity holds, or is waived."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from stripe_reports.catalog import amount_text, nearest
from stripe_reports.close.days import some
from stripe_reports.close.month import Month
from stripe_reports.errors import CloseError, ConfigurationError
from stripe_reports.lake import Lake
from stripe_reports.reconcile import IDENTITIES, Outcome, Verdict, reconcile

_STOPS = (Verdict.BROKEN, Verdict.MISSING)


@dataclass(frozen=True, slots=True)
class Passed:
    """What a month was let through with."""

    outcomes: int
    """How many there were of all identities."""
    waived: Mapping[str, Sequence[Outcome]]
    """By identity, in the order of IDENTITIES, those that would have stopped it."""
    unused: Sequence[str]
    """The identities that were waived and did not have to be."""
    not_proven: Mapping[str, str]
    """Why identities say nothing of any day, by identity: of payouts that are all manual, or where a report
    is not selected or not offered."""


def check_waivers(waivers: Mapping[str, str]) -> None:
    """Raises ConfigurationError for a waiver of no identity, or without a reason."""
    for name, reason in waivers.items():
        if name not in IDENTITIES:
            raise ConfigurationError(
                f"a waiver is given for {name!r}, no identity{nearest(name, IDENTITIES)}; there are"
                f" {', '.join(IDENTITIES)}"
            )
        if not reason.strip():
            raise ConfigurationError(f"the waiver of {name} has no reason; say why it may be broken")


def demand_identities(
    lake: Lake, month: Month, *, tables: Collection[str], timezone: str, waivers: Mapping[str, str]
) -> Passed:
    """Hold every identity against these tables now, as they are.

    Raises CloseError where one is broken, or misses what it needs, and is not waived.
    """
    outcomes = list(reconcile(lake, month.days, tables=tables, timezone=timezone))
    stopping = [each for each in outcomes if each.verdict in _STOPS]
    if open_ := [each for each in stopping if each.identity not in waivers]:
        identities = [name for name in IDENTITIES if any(each.identity == name for each in open_)]
        raise CloseError(
            f"{month} is not closed: {some([_told(each) for each in open_], '; ')}. Land what is wrong or"
            f" missing, or waive {', '.join(identities)} with a reason"
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
    """The reason of the first one, if none of them says anything."""
    says_nothing = all(each.verdict is Verdict.NOT_APPLICABLE for each in outcomes)
    return outcomes[0].reason if outcomes and says_nothing else ""


def _told(outcome: Outcome) -> str:
    where = f"{outcome.day}{f' in {outcome.currency}' if outcome.currency else ''}"
    if outcome.verdict is Verdict.MISSING:
        return f"{outcome.identity} cannot be told on {where} ({outcome.reason})"
    off = "" if outcome.residual is None else f", {amount_text(outcome.residual)} off"
    return f"{outcome.identity} is broken on {where}{off}"
