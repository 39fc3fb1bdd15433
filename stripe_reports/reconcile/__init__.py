"""Do the numbers agree? Identities between Stripe's reports, held against landed tables."""

from stripe_reports.reconcile.chain import Chain, chain
from stripe_reports.reconcile.families import reconciled_tables
from stripe_reports.reconcile.identities import IDENTITIES, select_identities
from stripe_reports.reconcile.identity import Identity
from stripe_reports.reconcile.outcome import Outcome, Share, Suspect, Verdict
from stripe_reports.reconcile.reconcile import reconcile
from stripe_reports.reconcile.selected import Selected

__all__ = [
    "IDENTITIES",
    "Chain",
    "Identity",
    "Outcome",
    "Selected",
    "Share",
    "Suspect",
    "Verdict",
    "chain",
    "reconcile",
    "reconciled_tables",
    "select_identities",
]
