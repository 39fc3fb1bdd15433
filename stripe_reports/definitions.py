"""The code location: the environment, handed to the builders. The only file that reads the environment."""

import os

import dagster as dg

from stripe_reports.orchestration import (
    ReportLakeResource,
    StripeResource,
    build_stripe_reports_definitions,
)
from stripe_reports.orchestration.assets import START_DATE
from stripe_reports.stripe_api import API_BASE, FILES_BASE, Account, StripeApi


@dg.definitions
def defs() -> dg.Definitions:
    """Everything, from STRIPE_* variables; loads without any of them, and without a network."""
    # By name where it is set, so that the UI and the logs never see the value. Where it is not, an empty key
    # lets everything load, and a run then says in one line what to set.
    api_key = dg.EnvVar("STRIPE_API_KEY") if _given("STRIPE_API_KEY", "") else ""
    return build_stripe_reports_definitions(
        stripe=StripeResource(
            api_key=api_key,
            api_base=_given("STRIPE_API_BASE", API_BASE),
            files_base=_given("STRIPE_FILES_BASE", FILES_BASE),
        ),
        report_lake=ReportLakeResource(uri=_given("STRIPE_REPORTS_LAKE", "./lake")),
        select=_given("STRIPE_REPORTS_SELECT", "core"),
        start_date=_given("STRIPE_REPORTS_START_DATE", START_DATE),
        timezone=_given("STRIPE_REPORTS_TIMEZONE", "UTC"),
        alert_url=_given("STRIPE_REPORTS_ALERT_URL", "") or None,
    )


def account_of_environment() -> Account:
    """The account that the variables name, for the command line. Raises ConfigurationError without a key."""
    return Account(
        StripeApi(
            _given("STRIPE_API_KEY", ""),
            api_base=_given("STRIPE_API_BASE", API_BASE),
            files_base=_given("STRIPE_FILES_BASE", FILES_BASE),
        )
    )


def _given(name: str, default: str) -> str:
    """A variable; one that is set to nothing counts as not set."""
    return os.environ.get(name) or default
