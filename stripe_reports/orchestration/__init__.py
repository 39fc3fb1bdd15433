"""Dagster: resources, assets, schedules and sensors. The component and the code location rest on it."""

from stripe_reports.orchestration.assets import StepEvent, stripe_report_spec
from stripe_reports.orchestration.books import CHAIN_CHECK, DOWNSTREAM
from stripe_reports.orchestration.by_hand import record_by_hand
from stripe_reports.orchestration.failed_runs import WEBSERVER_URL, Alert
from stripe_reports.orchestration.instance import (
    Switch,
    UnlandedDay,
    daemon_seen_at,
    instance_storage,
    last_unlanded_day,
    open_instance,
    switches,
)
from stripe_reports.orchestration.io_manager import ReportLakeIOManager
from stripe_reports.orchestration.names import AUTOMATION, AccountNames
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource
from stripe_reports.orchestration.stripe_reports import START_DATE, StripeReports

__all__ = [
    "AUTOMATION",
    "CHAIN_CHECK",
    "DOWNSTREAM",
    "START_DATE",
    "WEBSERVER_URL",
    "AccountNames",
    "Alert",
    "ReportLakeIOManager",
    "ReportLakeResource",
    "StepEvent",
    "StripeReports",
    "StripeResource",
    "Switch",
    "UnlandedDay",
    "daemon_seen_at",
    "instance_storage",
    "last_unlanded_day",
    "open_instance",
    "record_by_hand",
    "stripe_report_spec",
    "switches",
]
