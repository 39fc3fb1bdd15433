"""The code location: `StripeReports` with the settings of the environment."""

from pathlib import Path

import dagster as dg

from stripe_reports import environment
from stripe_reports.errors import ConfigurationError
from stripe_reports.lake import Lake
from stripe_reports.landing import MAX_RUNS_IN_FLIGHT
from stripe_reports.orchestration import (
    START_DATE,
    WEBSERVER_URL,
    ReportLakeResource,
    StripeReports,
    StripeResource,
)
from stripe_reports.stripe_api import Account, StripeApi

_SEVERITIES = {"error": dg.AssetCheckSeverity.ERROR, "warn": dg.AssetCheckSeverity.WARN, "off": None}


@dg.definitions
def defs() -> dg.Definitions:
    """Everything, from STRIPE_* variables; loads without any of them, and without a network."""
    # By name where it is set, so that the UI and the logs never see the value. Where it is not, an empty key
    # lets everything load, and a run then says in one line what to set.
    api_key = dg.EnvVar("STRIPE_API_KEY") if environment.text("STRIPE_API_KEY") else ""
    reports = StripeReports(
        environment.text("STRIPE_REPORTS_SELECT", "core"),
        start_date=environment.text("STRIPE_REPORTS_START_DATE", START_DATE),
        timezone=environment.text("STRIPE_REPORTS_TIMEZONE", "UTC"),
    )
    return reports.definitions(
        stripe=StripeResource(
            api_key=api_key,
            max_runs_in_flight=environment.count(
                "STRIPE_REPORTS_MAX_RUNS_IN_FLIGHT", default=MAX_RUNS_IN_FLIGHT
            ),
        ),
        report_lake=_report_lake(),
        reconciliation=_SEVERITIES[environment.choice("STRIPE_REPORTS_RECONCILIATION", list(_SEVERITIES))],
        downstream=environment.texts("STRIPE_REPORTS_DOWNSTREAM"),
        alert_url=environment.text("STRIPE_REPORTS_ALERT_URL") or None,
        webserver_url=environment.text("STRIPE_REPORTS_WEBSERVER_URL", WEBSERVER_URL),
        running=environment.texts("STRIPE_REPORTS_AUTOMATION"),
    )


def account_of_environment() -> Account:
    """The account that the variables name, for the command line. Raises ConfigurationError without a key."""
    return Account(StripeApi(environment.text("STRIPE_API_KEY"), trouble_attempts=1))


def lake_of_environment(uri: str | None = None) -> Lake:
    """The lake at `uri`, or where the variables say, for the command line: one that is there already.

    Raises ConfigurationError for a directory that is not there, and for an address that is none.
    """
    resource = _report_lake(uri)
    if "://" not in resource.uri and not Path(resource.uri).expanduser().is_dir():
        raise ConfigurationError(
            f"there is no lake at {resource.uri}; name another with --lake or STRIPE_REPORTS_LAKE"
        )
    return resource.lake


def _report_lake(uri: str | None = None) -> ReportLakeResource:
    return ReportLakeResource(
        uri=uri or environment.lake_uri(),
        keep_csv=environment.keep_csv(),
    )
