"""Schedules, sensors and the job that decide when a day is landed."""

from stripe_reports.orchestration.automation.availability_sensor import availability_sensor
from stripe_reports.orchestration.automation.daily_schedule import DAILY_CRON, daily_schedule
from stripe_reports.orchestration.automation.due import CATCH_UP_DAYS
from stripe_reports.orchestration.automation.pickup_sensor import pickup_sensor
from stripe_reports.orchestration.automation.repull import REPULL_CRON, WINDOW_DAYS, repull_schedule
from stripe_reports.orchestration.automation.submit import submit_job, submit_schedule

__all__ = [
    "CATCH_UP_DAYS",
    "DAILY_CRON",
    "REPULL_CRON",
    "WINDOW_DAYS",
    "availability_sensor",
    "daily_schedule",
    "pickup_sensor",
    "repull_schedule",
    "submit_job",
    "submit_schedule",
]
