"""Checks whether the numbers agree: identities between Stripe's reports, over landed tables."""

from stripe_reports.reconcile.chain import Chain, chain
from stripe_reports.reconcile.families import AS_OF_END, Family, families, reconciled_tables
from stripe_reports.reconcile.identities import IDENTITIES, select_identities, unknown_identity
from stripe_reports.reconcile.identity import Identity
from stripe_reports.reconcile.outcome import Outcome, Share, Suspect, Verdict
from stripe_reports.reconcile.provenance import Provenance
from stripe_reports.reconcile.reconcile import reconcile
from stripe_reports.reconcile.selected import Selected

__all__ = [
    "AS_OF_END",
    "IDENTITIES",
    "Chain",
    "Family",
    "Identity",
    "Outcome",
    "Provenance",
    "Selected",
    "Share",
    "Suspect",
    "Verdict",
    "chain",
    "families",
    "reconcile",
    "reconciled_tables",
    "select_identities",
    "unknown_identity",
]
