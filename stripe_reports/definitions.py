"""The code location: `StripeReports` with the settings of the environment."""

import dagster as dg

from stripe_reports import environment
from stripe_reports.lake import POLICIES
from stripe_reports.landing import MAX_RUNS_IN_FLIGHT
from stripe_reports.orchestration import (
    START_DATE,
    WEBSERVER_URL,
    ReportLakeResource,
    StripeReports,
    StripeResource,
)

_SEVERITIES = {"error": dg.AssetCheckSeverity.ERROR, "warn": dg.AssetCheckSeverity.WARN, "off": None}


@dg.definitions
def defs() -> dg.Definitions:
    """Return all definitions, set up by STRIPE_* variables. Needs none of them to load, and no network."""
    # By name if it is set, so that the UI and the logs never see the value. Otherwise an empty key lets
    # everything load, and a run then says in one line what to set.
    api_key = dg.EnvVar("STRIPE_API_KEY") if environment.text("STRIPE_API_KEY") else ""
    reports = StripeReports(
        environment.text("STRIPE_REPORTS_SELECT", "core"),
        start_date=environment.text("STRIPE_REPORTS_START_DATE", START_DATE),
        timezone=environment.text("STRIPE_REPORTS_TIMEZONE", "UTC"),
        pii=environment.choice("STRIPE_REPORTS_PII", POLICIES),
    )
    return reports.definitions(
        stripe=StripeResource(
            api_key=api_key,
            max_runs_in_flight=environment.count(
                "STRIPE_REPORTS_MAX_RUNS_IN_FLIGHT", default=MAX_RUNS_IN_FLIGHT
            ),
        ),
        report_lake=ReportLakeResource(uri=environment.lake_uri(), keep_csv=environment.keep_csv()),
        reconciliation=_SEVERITIES[environment.choice("STRIPE_REPORTS_RECONCILIATION", list(_SEVERITIES))],
        downstream=environment.texts("STRIPE_REPORTS_DOWNSTREAM"),
        alert_url=environment.text("STRIPE_REPORTS_ALERT_URL") or None,
        webserver_url=environment.text("STRIPE_REPORTS_WEBSERVER_URL", WEBSERVER_URL),
        running=environment.texts("STRIPE_REPORTS_AUTOMATION"),
    )
