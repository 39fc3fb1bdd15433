"""What did not land: who is told of it, and when it is asked for again."""

from stripe_reports.orchestration.failed_runs.alert import Alert
from stripe_reports.orchestration.failed_runs.sensor import (
    REQUEST_AGAIN_AFTER,
    SENSOR_NAME,
    WEBSERVER_URL,
    build_stripe_reports_failed_runs_sensor,
)

__all__ = [
    "REQUEST_AGAIN_AFTER",
    "SENSOR_NAME",
    "WEBSERVER_URL",
    "Alert",
    "build_stripe_reports_failed_runs_sensor",
]
