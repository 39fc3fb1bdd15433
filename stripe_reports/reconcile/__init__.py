"""Do the numbers agree? Identities between Stripe's reports, held against landed tables."""

from stripe_reports.reconcile.outcome import Outcome, Share, Suspect, Verdict

__all__ = ["Outcome", "Share", "Suspect", "Verdict"]
