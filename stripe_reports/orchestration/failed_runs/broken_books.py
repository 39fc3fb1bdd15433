"""Failed Dagster runs in which reports did not agree: which checks broke, on which days."""

from collections.abc import Collection

import dagster as dg

from stripe_reports.orchestration.failed_runs.failure import Failure, Kind


def broken_books(
    instance: dg.DagsterInstance, run: dg.DagsterRun, keys: Collection[dg.AssetKey], account: str | None
) -> list[Failure]:
    """Return a failure for each partition of these assets whose blocking checks broke in the run."""
    broken: dict[tuple[dg.AssetKey, str | None], list[str]] = {}
    failed_at = 0.0
    records = instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    for record in records:
        event = record.event_log_entry.dagster_event
        found = event.asset_check_evaluation_data if event else None
        if (
            found
            and found.asset_key in keys
            and found.blocking
            and not found.passed
            and found.severity is dg.AssetCheckSeverity.ERROR
        ):
            line = f"{found.check_name}: {found.description}"
            broken.setdefault((found.asset_key, found.partition), []).append(line)
            failed_at = record.timestamp
    return [
        Failure(
            account=account,
            report_type=key.path[-1],
            partition=partition,
            asset_key=key.to_user_string(),
            kind=Kind.BROKEN_BOOKS,
            error=f"{' '.join(filter(None, (account, key.path[-1], partition)))}: {'; '.join(lines)}",
            report_run=None,
            run_id=run.run_id,
            failed_at=failed_at,
        )
        for (key, partition), lines in broken.items()
    ]
