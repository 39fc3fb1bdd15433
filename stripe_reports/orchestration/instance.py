"""A Dagster instance, as the command line looks into it: its storage, what runs by itself, what failed."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.scheduler.instigation import InstigatorStatus

from stripe_reports.errors import ConfigurationError
from stripe_reports.orchestration.failed_runs.dagster_runs import failed_attempts
from stripe_reports.orchestration.failed_runs.failures_table import failure_rows
from stripe_reports.orchestration.names import AUTOMATION, AccountNames

_SQLITE = "DagsterSqliteStorage"
_SCHEDULING = ("SCHEDULER", "SENSOR")
_LONGEST_REASON = 300
_LOGIN = re.compile(r"://[^/@\s]*@")
"""The user and password in an address of a database."""


@dataclass(frozen=True, slots=True)
class InstanceStorage:
    """The storage of an instance: its kind and its place."""

    kind: str
    """The name of Dagster's class, such as `DagsterSqliteStorage`."""
    folder: str | None
    """The folder of SQLite's files; None for another storage."""
    exists: bool
    """Whether there are records; for another storage than SQLite, opening it shows that."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A schedule or sensor of ours that the instance has a state for."""

    name: str
    location: str
    """The code location."""
    on: bool


@dataclass(frozen=True, slots=True)
class UnlandedDay:
    """A partition whose newest run has failed."""

    partition: str
    run_id: str
    ended_at: float
    """Unix seconds."""
    why: str


def instance_storage(home: str) -> InstanceStorage:
    """Return the storage of the instance in `home` by its settings alone: no file is made.

    Raises ConfigurationError for a home that is not an absolute path of a directory, or has wrong settings.
    """
    if not Path(home).is_absolute() or not Path(home).is_dir():
        raise ConfigurationError(
            f"DAGSTER_HOME is {home!r}, which is not an absolute path of a directory; make the directory, or"
            " set DAGSTER_HOME to another"
        )
    with _in_one_line(home):
        ref = InstanceRef.from_dir(home)
        data = ref.storage_data or ref.run_storage_data
        if data is None or data.class_name != _SQLITE:
            return InstanceStorage(data.class_name if data else "no storage", None, exists=True)
        folder = str(data.config_dict.get("base_dir", home))
    return InstanceStorage(_SQLITE, folder, exists=(Path(folder) / "history" / "runs.db").is_file())


@contextmanager
def open_instance(home: str) -> Iterator[dg.DagsterInstance]:
    """Open the instance in `home`. Raises ConfigurationError as `instance_storage` does, for one without
    records, and for a storage that cannot be reached."""
    storage = instance_storage(home)
    if not storage.exists:
        raise ConfigurationError(f"Dagster has no records in {storage.folder} yet; start Dagster first")
    with _in_one_line(home):
        instance = dg.DagsterInstance.from_ref(InstanceRef.from_dir(home))
        instance.get_runs_count()
    with instance:
        yield instance


def switches(instance: dg.DagsterInstance, names: AccountNames) -> Sequence[Switch]:
    """Return the schedules and sensors of this account that were ever turned on or off, sorted."""
    ours = {names.of(name) for name in AUTOMATION}
    return sorted(
        (
            Switch(
                state.instigator_name,
                state.origin.repository_origin.code_location_origin.location_name,
                on=state.status in (InstigatorStatus.RUNNING, InstigatorStatus.DECLARED_IN_CODE),
            )
            for state in instance.all_instigator_state()
            if state.instigator_name in ours
        ),
        key=lambda switch: (switch.location, switch.name),
    )


def daemon_seen_at(instance: dg.DagsterInstance) -> float | None:
    """Return when Dagster's daemon last said that it evaluates schedules and sensors; None if it never did.

    In Unix seconds; the older of both.
    """
    heartbeats = instance.get_daemon_heartbeats()
    seen = [heartbeats[name].timestamp for name in _SCHEDULING if name in heartbeats]
    return min(seen) if len(seen) == len(_SCHEDULING) else None


def last_unlanded_day(instance: dg.DagsterInstance, key: dg.AssetKey) -> UnlandedDay | None:
    """Return the partition whose run failed last, of those that have not landed since."""
    storage = instance.event_log_storage
    attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations(key)
    failed = failed_attempts(instance, key, attempts)
    if not failed:
        return None
    partition, last = max(failed.items(), key=lambda each: (each[1].ended_at, each[0]))
    why = _why(instance, last.run_id, key.path[-1], partition)
    return UnlandedDay(partition, last.run_id, last.ended_at, why)


def _why(instance: dg.DagsterInstance, run_id: str, table: str, partition: str) -> str:
    """Return the partition's own reason, or else that of a step or of the run, in one line."""
    found = "no reason is recorded; see the run's log"
    of_types = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    for record in instance.get_records_for_run(run_id, of_type=of_types).records:
        event = record.event_log_entry.dagster_event
        if event is None or not event.is_step_failure:
            found = (event.message if event else None) or found
            continue
        given, error = event.step_failure_data.user_failure_data, event.step_failure_data.error
        for row in failure_rows(given.metadata) if given else ():
            if (row.report_type.replace(".", "_"), row.day) == (table, partition):
                return " ".join(row.why.split())
        text = (given.description if given else None) or (error.message if error else None)
        return _short(text or found)
    return _short(found)


@contextmanager
def _in_one_line(home: str) -> Iterator[None]:
    """Raise ConfigurationError for whatever Dagster raises in the block, and silence its log meanwhile."""
    logger = logging.getLogger("dagster")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    except Exception as error:
        raise ConfigurationError(
            f"Dagster's instance in DAGSTER_HOME ({home}) cannot be used: {type(error).__name__}:"
            f" {_short(str(error))}; check dagster.yaml there, and that its storage runs"
        ) from error
    finally:
        logger.setLevel(before)


def _short(text: str) -> str:
    line = _LOGIN.sub("://…@", " ".join(text.split()))
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}…"
