"""The tables of a lake that are reconciled, and the reports that the account does not offer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stripe_reports.lake import Lake, OfferedReports
from stripe_reports.reconcile.families import Family, families
from stripe_reports.reconcile.identity import Identity


@dataclass(frozen=True, slots=True)
class Selected:
    """The tables of a lake that are reconciled."""

    tables: Mapping[Family, str]
    """The tables of reports that the account offers, by report."""
    not_offered: Mapping[Family, str]
    """The tables of reports that the account does not offer, by report."""

    @classmethod
    def of(cls, lake: Lake, tables: Iterable[str]) -> Selected:
        """Return the reconciled ones of these tables. If the account does not offer the version of a report
        in `core`, another offered version is reconciled. Raises LakeError if the lake cannot be read."""
        given = list(tables)
        every = families(given)
        lacking = OfferedReports(lake).lacks(given)
        found = families(table for table in given if table not in lacking)
        return cls(found, {family: table for family, table in every.items() if family not in found})

    def not_proven(self, identities: Iterable[Identity]) -> str:
        """Return a line that says what the account does not offer, and what is not proven for that reason;
        empty if it offers all reports."""
        if not self.not_offered:
            return ""
        whole: list[str] = []
        parts: list[str] = []
        for identity in identities:
            lacking = [
                part for part in identity.parts if not self.not_offered.keys().isdisjoint(part.needs.columns)
            ]
            if lacking:
                (whole if len(lacking) == len(identity.parts) else parts).append(identity.name)
        text = f"this account does not offer {_names([family.report for family in self.not_offered])}"
        if whole:
            text += f"; so {_names(whole)} {'is' if len(whole) == 1 else 'are'} not proven"
        if parts:
            text += f"; {_names(parts)} {'says' if len(parts) == 1 else 'say'} nothing of these reports"
        return text


def _names(names: Sequence[str]) -> str:
    return ", ".join(names)
