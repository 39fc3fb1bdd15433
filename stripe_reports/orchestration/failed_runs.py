"""The sensor that tells of every report partition that a failed run did not land."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import dagster as dg
import requests

from stripe_reports.orchestration.metadata import FAILURES, REPORT_TYPE

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
    steps = {asset.op.name: asset.keys for asset in assets}

    @dg.run_failure_sensor(
        name=name, description="Tells of every report partition that a failed run did not land."
    )
    def failed_runs(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        if context.dagster_run.tags.get("dagster/will_retry") == "true":
            return dg.SkipReason(f"run {context.dagster_run.run_id} will be retried")
        for failed in _failed_partitions(context, report_types, steps):
            context.log.error(failed.text)
            if alert_url:
                _post(context, alert_url, failed)
        return None

    return failed_runs


def _failed_partitions(
    context: dg.RunFailureSensorContext,
    report_types: Mapping[dg.AssetKey, str],
    steps: Mapping[str, AbstractSet[dg.AssetKey]],
) -> Iterator[FailedPartition]:
    run = context.dagster_run
    failures = _Failures(context, steps)
    landed = set(_partitions(context, dg.DagsterEventType.ASSET_MATERIALIZATION))
    for key, partition in _partitions(context, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED):
        if key not in report_types or (key, partition) in landed:
            continue
        error, report_run = failures.of(key, report_types[key], partition)
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


class _Failures:
    """Why partitions of a run did not land: each for its own reason, or else that of its step or run."""

    def __init__(
        self, context: dg.RunFailureSensorContext, steps: Mapping[str, AbstractSet[dg.AssetKey]]
    ) -> None:
        self._of_partitions: dict[tuple[str, str | None], tuple[str, str | None]] = {}
        self._of_steps: dict[dg.AssetKey, str] = {}
        self._of_run = _one_line(context.failure_event.message)
        for event in context.get_step_failure_events():
            data = event.step_failure_data
            given = data.user_failure_data
            text = (given.description if given else None) or (data.error.message if data.error else None)
            self._of_steps |= dict.fromkeys(steps.get(event.node_name, ()), _one_line(text))
            failures = given.metadata.get(FAILURES) if given else None
            if isinstance(failures, dg.TableMetadataValue):
                for record in failures.records:
                    why, report_run = _one_line(str(record.data["why"])), str(record.data["report_run"])
                    place = str(record.data["report_type"]), str(record.data["day"])
                    self._of_partitions[place] = why, report_run or None

    def of(self, key: dg.AssetKey, report_type: str, partition: str | None) -> tuple[str, str | None]:
        """The reason, and the report run if it is about one."""
        general = self._of_steps.get(key, self._of_run), None
        return self._of_partitions.get((report_type, partition), general)


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
