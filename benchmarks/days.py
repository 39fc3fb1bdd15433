"""One CSV landed as so many days: `python -m benchmarks.days LAKE CSV DAYS`."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from benchmarks import FIRST_DAY, REPORT_TYPE
from benchmarks.engine import chunks
from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.lake import Csv, DayColumn, ExpectedColumns, Lake


def land_as_days(lake: Lake, path: Path, days: int) -> None:
    """From `FIRST_DAY` on; all rows are that day's if it is one."""
    report_type, expected = REPORT_TYPES[REPORT_TYPE], ExpectedColumns()
    csv = Csv(chunks(path), path.stat().st_size)
    if days == 1:
        lake.land(report_type, FIRST_DAY, [csv], expected=expected, facts={})
    else:
        lake.land_days(
            report_type,
            [FIRST_DAY + timedelta(number) for number in range(days)],
            csv,
            day_column=DayColumn("created_utc", "UTC"),
            expected=expected,
            facts={},
        )


if __name__ == "__main__":
    land_as_days(Lake.open(sys.argv[1], keep_csv=False), Path(sys.argv[2]), int(sys.argv[3]))
