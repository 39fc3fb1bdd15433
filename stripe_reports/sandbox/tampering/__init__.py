"""Days with an unusual ledger or with wrong reports, on request."""

from stripe_reports.sandbox.tampering.kinds import KINDS
from stripe_reports.sandbox.tampering.report_rows import ReportRows
from stripe_reports.sandbox.tampering.tampering import Tampering

__all__ = ["KINDS", "ReportRows", "Tampering"]
