"""The table of failures in the metadata of a failed step: written by the step, read by the sensor."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from stripe_reports.landing import FailedDay
from stripe_reports.orchestration.failed_runs.failure import Kind, kind_named, kind_of

_FAILURES = "failures"
_MOST_FAILURES = 1000


@dataclass(frozen=True, slots=True)
class FailureRow:
    """Why one partition did not land."""

    report_type: str
    day: str
    kind: Kind
    why: str
    report_run: str | None


def failures_metadata(failures: Sequence[FailedDay]) -> Mapping[str, Any]:
    """Return the first thousand failures as a table, and how many there are."""
    records = [
        dg.TableRecord(
            {
                "report_type": failed.report_type.id,
                "day": failed.day.isoformat(),
                "report_run": failed.error.report_run or "",
                "kind": kind_of(failed.error).value,
                "error": type(failed.error).__name__,
                "why": str(failed.error),
            }
        )
        for failed in failures[:_MOST_FAILURES]
    ]
    return {_FAILURES: dg.MetadataValue.table(records), "failed": len(failures)}


def failure_rows(metadata: Mapping[str, dg.MetadataValue[Any]]) -> Iterator[FailureRow]:
    """Yield the rows of such a table; none where the metadata has no such table."""
    table = metadata.get(_FAILURES)
    if not isinstance(table, dg.TableMetadataValue):
        return
    for record in table.records:
        yield FailureRow(
            str(record.data["report_type"]),
            str(record.data["day"]),
            kind_named(record.data.get("kind")),
            str(record.data["why"]),
            str(record.data["report_run"]) or None,
        )
