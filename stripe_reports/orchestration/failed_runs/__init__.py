"""What did not land: who is alerted, and when it is requested again."""

from stripe_reports.orchestration.failed_runs.alert import Alert
from stripe_reports.orchestration.failed_runs.failures_table import failures_metadata
from stripe_reports.orchestration.failed_runs.sensor import (
    REQUEST_AGAIN_AFTER,
    WEBSERVER_URL,
    failed_runs_sensor,
)

__all__ = ["REQUEST_AGAIN_AFTER", "WEBSERVER_URL", "Alert", "failed_runs_sensor", "failures_metadata"]
