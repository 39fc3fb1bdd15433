"""Days of which the books are as they seldom are, or of which the reports are not true, on request."""

from stripe_reports.sandbox.tampering.kinds import KINDS
from stripe_reports.sandbox.tampering.report_rows import ReportRows
from stripe_reports.sandbox.tampering.tampering import Tampering

__all__ = ["KINDS", "ReportRows", "Tampering"]
