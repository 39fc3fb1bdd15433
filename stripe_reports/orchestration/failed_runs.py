"""The sensor that tells of every report partition that a failed run did not land."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
import requests

from stripe_reports.orchestration.metadata import REPORT_TYPE

SENSOR_NAME = "stripe_reports_failed_runs"
_POST_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class FailedPartition:
    """One report type and day of a failed run. `report_run` is Stripe's id, if it came that far."""

    asset_key: dg.AssetKey
    report_type: str
    partition: str | None
    run_id: str
    report_run: str | None
    error: str

    @property
    def text(self) -> str:
        """One line for a log or a chat."""
        place = f"{self.report_type} {self.partition or ''}".strip()
        error = self.error if self.error.startswith(place) else f"{place}: {self.error}"
        return f"Stripe report failed: {error} (Dagster run {self.run_id})"


def build_stripe_reports_failed_runs_sensor(
    assets: Sequence[dg.AssetsDefinition],
    *,
    alert_url: str | None = None,
    name: str = SENSOR_NAME,
) -> dg.SensorDefinition:
    """For each report partition that a failed run did not land: one log line, and one JSON POST.

    Every failed run of the code location is looked at, because runs started in the UI and backfills do not
    carry the job's name. Runs that Dagster will retry are left alone. The POST's body has `text` (as Slack's
    incoming webhooks take it), `report_type`, `partition`, `asset_key`, `run_id`, `report_run` and `error`.
    """
    report_types = {
        key: str(spec.metadata[REPORT_TYPE]) for asset in assets for key, spec in asset.specs_by_key.items()
    }
    keys_by_step = {asset.op.name: asset.key for asset in assets}

    @dg.run_failure_sensor(
        name=name, description="Tells of every report partition that a failed run did not land."
    )
    def failed_runs(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        if context.dagster_run.tags.get("dagster/will_retry") == "true":
            return dg.SkipReason(f"run {context.dagster_run.run_id} will be retried")
        for failed in _failed_partitions(context, report_types, keys_by_step):
            context.log.error(failed.text)
            if alert_url:
                _post(context, alert_url, failed)
        return None

    return failed_runs


def _failed_partitions(
    context: dg.RunFailureSensorContext,
    report_types: Mapping[dg.AssetKey, str],
    keys_by_step: Mapping[str, dg.AssetKey],
) -> Iterator[FailedPartition]:
    run = context.dagster_run
    errors = dict(_step_errors(context, keys_by_step))
    landed = set(_partitions(context, dg.DagsterEventType.ASSET_MATERIALIZATION))
    for key, partition in _partitions(context, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED):
        if key not in report_types or (key, partition) in landed:
            continue
        error, report_run = errors.get(key, (_run_error(context), None))
        yield FailedPartition(key, report_types[key], partition, run.run_id, report_run, error)


def _partitions(
    context: dg.RunFailureSensorContext, of_type: dg.DagsterEventType
) -> Iterator[tuple[dg.AssetKey, str | None]]:
    for record in context.instance.get_records_for_run(context.dagster_run.run_id, of_type=of_type).records:
        event = record.event_log_entry.dagster_event
        if event is None or event.asset_key is None:
            continue
        subset = (
            event.asset_materialization_planned_data.partitions_subset
            if event.is_asset_materialization_planned
            else None
        )
        for partition in subset.get_partition_keys() if subset else [event.partition]:
            yield event.asset_key, partition


def _step_errors(
    context: dg.RunFailureSensorContext, keys_by_step: Mapping[str, dg.AssetKey]
) -> Iterator[tuple[dg.AssetKey, tuple[str, str | None]]]:
    for event in context.get_step_failure_events():
        key = keys_by_step.get(event.node_name)
        if key is None:
            continue
        data = event.step_failure_data
        given = data.user_failure_data
        report_run = given.metadata.get("report_run") if given else None
        text = (given.description if given else None) or (data.error.message if data.error else None)
        yield key, (_one_line(text), str(report_run.value) if report_run else None)


def _run_error(context: dg.RunFailureSensorContext) -> str:
    return _one_line(context.failure_event.message)


def _one_line(text: str | None) -> str:
    return " ".join((text or "no reason is recorded; see the run's log").split())


def _post(context: dg.RunFailureSensorContext, url: str, failed: FailedPartition) -> None:
    body = {
        "text": failed.text,
        "report_type": failed.report_type,
        "partition": failed.partition,
        "asset_key": failed.asset_key.to_user_string(),
        "run_id": failed.run_id,
        "report_run": failed.report_run,
        "error": failed.error,
    }
    try:
        requests.post(url, json=body, timeout=_POST_TIMEOUT).raise_for_status()
    except requests.HTTPError as error:
        context.log.error(f"the alert was not taken: the address answered {error.response.status_code}")
    except requests.RequestException as error:
        # Only the kind of error: its text holds the address, which is a secret at Slack and others.
        context.log.error(f"the alert was not sent ({type(error).__name__}); check STRIPE_REPORTS_ALERT_URL")
