"""Days of report types, from the question to the committed tables."""

from stripe_reports.landing.backfill import Backfill, Outcome
from stripe_reports.landing.given_run import GivenRun, given_run, whole_days
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
from stripe_reports.landing.refused_runs import RefusedRuns
from stripe_reports.landing.request import ReportRequest
from stripe_reports.landing.settings import MAX_RUNS_IN_FLIGHT, LandingSettings

__all__ = [
    "MAX_RUNS_IN_FLIGHT",
    "Backfill",
    "FailedDay",
    "GivenRun",
    "LandedDay",
    "LandingSettings",
    "Outcome",
    "Progress",
    "RefusedRuns",
    "ReportRequest",
    "StillPending",
    "WaitingDay",
    "Warned",
    "failure_lines",
    "given_run",
    "itemized_payouts",
    "land_day",
    "whole_days",
]
