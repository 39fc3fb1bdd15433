"""Judging identities: from evaluated equations to outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from stripe_reports.reconcile.equation import Equation, Findings
from stripe_reports.reconcile.explanation import Explanation, explain
from stripe_reports.reconcile.families import Family
from stripe_reports.reconcile.identity import Identity, Manual
from stripe_reports.reconcile.manual_payouts import PayoutHistory, named
from stripe_reports.reconcile.outcome import Outcome, Verdict
from stripe_reports.reconcile.workspace import Workspace

_NO_ROWS = [Equation(0, "", counted=False, expected=Decimal(0), actual=Decimal(0), off=0)]


class Judge:
    """A judge of some days, who knows their currencies and the payouts that are not automatic."""

    def __init__(
        self,
        workspace: Workspace,
        currencies: Mapping[date, set[str]],
        manual: Mapping[tuple[date, str], Sequence[str]],
        history: PayoutHistory,
    ) -> None:
        self._workspace = workspace
        self._currencies = currencies
        self._manual = manual
        self._history = history

    def outcomes(
        self, identity: Identity, findings: Findings, days: Sequence[date]
    ) -> Mapping[date, Sequence[Outcome]]:
        """Return the outcomes of each day, by currency."""
        excuses = {
            (day, currency): why
            for day in days
            for currency in self._currencies[day] | findings.equations[day].keys()
            if (why := self._excuse(identity, day, currency, findings.equations[day].get(currency, _NO_ROWS)))
        }
        broken = {
            (day, currency): equations
            for day in days
            for currency, equations in findings.equations[day].items()
            if (day, currency) not in excuses and not all(equation.holds for equation in equations)
        }
        explanations = explain(self._workspace, identity, broken)
        return {day: self._of(identity.name, findings, day, excuses, explanations) for day in days}

    def _of(
        self,
        name: str,
        findings: Findings,
        day: date,
        excuses: Mapping[tuple[date, str], str],
        explanations: Mapping[tuple[date, str], Explanation],
    ) -> Sequence[Outcome]:
        equations = findings.equations[day]
        by_currency: dict[str, Outcome] = {
            currency: broken_outcome(name, day, currency, equations[currency], explanations[day, currency])
            for currency in equations
            if (day, currency) in explanations
        }
        if day in findings.missing:
            why = "; ".join(dict.fromkeys(findings.missing[day]))
            by_currency.setdefault("", Outcome(name, day, "", Verdict.MISSING, None, None, why))
        elif day not in findings.answered:
            why = "; ".join(dict.fromkeys(findings.silent[day]))
            by_currency.setdefault("", Outcome(name, day, "", Verdict.NOT_APPLICABLE, None, None, why))
        else:
            for currency in self._currencies[day] - by_currency.keys():
                if why := findings.left_out(day, currency) or excuses.get((day, currency), ""):
                    outcome = Outcome(name, day, currency, Verdict.NOT_APPLICABLE, None, None, why)
                else:
                    outcome = _holds(name, day, currency, equations.get(currency, _NO_ROWS)[0])
                by_currency[currency] = outcome
            if not by_currency and (why := findings.left_out(day, "")):
                by_currency[""] = Outcome(name, day, "", Verdict.NOT_APPLICABLE, None, None, why)
            elif not by_currency:
                by_currency[""] = _holds(name, day, "", _NO_ROWS[0])
        return [by_currency[currency] for currency in sorted(by_currency)]

    def _excuse(
        self, identity: Identity, day: date, currency: str, equations: Sequence[Equation]
    ) -> str | None:
        """Return why payouts that are not automatic make the identity not applicable; None if they do not."""
        if identity.manual is Manual.NOTHING:
            return None
        agrees = all(equation.holds for equation in equations)
        if payouts := self._manual.get((day, currency)):
            return named(payouts) if agrees or identity.manual is not Manual.LEFT_OUT else None
        if agrees or identity.manual is not Manual.FROM_THEN_ON:
            return None
        last_was_manual = self._history.last_was_manual(currency, day)
        if last_was_manual:
            return f"the last payout in {currency} was not automatic"
        if last_was_manual is None and not self._has_open_rows(day, currency):
            return f"no payout in {currency} is known, and no open transaction"
        return None

    def _has_open_rows(self, day: date, currency: str) -> bool:
        found = self._workspace.query(
            "SELECT count(*) FROM unpaid WHERE day = ? AND currency = ?", [day, currency]
        )
        return Family.UNPAID in self._workspace.tables and found[0][0] > 0


def _holds(name: str, day: date, currency: str, equation: Equation) -> Outcome:
    return Outcome(name, day, currency, Verdict.HOLDS, equation.expected, equation.actual, "")


def broken_outcome(
    name: str,
    day: date,
    currency: str,
    equations: Sequence[Equation],
    explanation: Explanation | None = None,
) -> Outcome:
    """Return the outcome of equations of which at least one does not hold."""
    off = sorted((each for each in equations if not each.holds), key=lambda each: each.distance, reverse=True)
    more = f"; and {len(off) - 1} more" if len(off) > 1 else ""
    return Outcome(
        name,
        day,
        currency,
        Verdict.BROKEN,
        off[0].expected,
        off[0].actual,
        f"{off[0]}{more}" + (f"; {explanation}" if explanation else ""),
        suspects=tuple(explanation.suspects) if explanation else (),
        suspect_count=explanation.count if explanation else 0,
        shares=tuple(explanation.shares) if explanation else (),
    )
