"""Landing: from the days of a report type to committed tables."""

from stripe_reports.landing.backfill import Backfill, Outcome
from stripe_reports.landing.by_hand import GIVEN_BY_HAND, HandLanded, land_file
from stripe_reports.landing.external_run import ExternalRun, external_run, whole_days
from stripe_reports.landing.land import land_day
from stripe_reports.landing.outcome import (
    FailedDay,
    LandedDay,
    Progress,
    StillPending,
    WaitingDay,
    Warned,
    failure_lines,
)
from stripe_reports.landing.payouts import itemized_payouts
from stripe_reports.landing.plan import planned_stretches
from stripe_reports.landing.refused_runs import RefusedRuns
from stripe_reports.landing.request import ReportRequest
from stripe_reports.landing.settings import MAX_RUNS_IN_FLIGHT, LandingSettings
from stripe_reports.landing.submission import LeftToLanding, NotSubmitted, Submission, SubmittedRun, submit

__all__ = [
    "GIVEN_BY_HAND",
    "MAX_RUNS_IN_FLIGHT",
    "Backfill",
    "ExternalRun",
    "FailedDay",
    "HandLanded",
    "LandedDay",
    "LandingSettings",
    "LeftToLanding",
    "NotSubmitted",
    "Outcome",
    "Progress",
    "RefusedRuns",
    "ReportRequest",
    "StillPending",
    "Submission",
    "SubmittedRun",
    "WaitingDay",
    "Warned",
    "external_run",
    "failure_lines",
    "itemized_payouts",
    "land_day",
    "land_file",
    "planned_stretches",
    "submit",
    "whole_days",
]
