"""What the benchmark of a backfill measures, and what bounds it: as `benchmarks.goals` has it for landing."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.goals import Goal

ITEMIZED = "balance_change_from_activity.itemized.3"
"""The report type whose runs are counted on their own: one run can give a month of its days."""

GOALS: Mapping[str, Goal] = {
    "runs_itemized": Goal(f"report runs for {{days}} days of {ITEMIZED}", 13, "report runs"),
    "wall": Goal(
        "{partitions} partitions, with Dagster, against the least that the server can take for as many"
        " report runs",
        1.25,
    ),
    "wall_seconds": Goal("the same in seconds", unit="s"),
    "runs": Goal("report runs in all", unit="report runs"),
    "calls": Goal("requests for each landed partition, all that the server was sent", 3, "calls"),
    "bookkeeping": Goal("Dagster's records of one partition, SQLite", 20, "ms"),
    "bookkeeping_without_checks": Goal("the same without checks", unit="ms"),
    "peak": Goal("peak memory of the process that runs the whole backfill", 600, "MiB"),
    "again_runs": Goal("the same backfill once more, nothing has changed: new report runs", 0, "report runs"),
    "again_files": Goal("the same: files of the lake that were written anew", 0, "files"),
    "again_seconds": Goal("the same in seconds", unit="s"),
    "defaults": Goal(
        "the first backfill with {in_flight} report runs in flight and {calls_per_second} calls/s, as are the"
        " defaults",
        unit="s",
    ),
}

BOUNDS: Mapping[str, str] = {
    "runs_itemized": "A report run is for one calendar month at most.",
    "wall": (
        "Dagster's records, where no report run is under way meanwhile: it plans every partition before the"
        " step may begin, and an asset's partitions are recorded once all of them have landed, which for the"
        " last assets is when the server is done. Both cost what a record costs, see below."
    ),
    "calls": "A report run is made, looked at once at least, and its file fetched: three calls.",
    "bookkeeping": (
        "Dagster keeps events in two SQLite files and writes them one by one: a partition with a check takes"
        " seven transactions, without one four, each with a connection of its own. Two fifths of the time are"
        " their commits and closes, in which SQLite writes its log back and waits for the disk; a fifth is"
        " SQL that SQLAlchemy compiles anew each time, as every connection has an engine of its own."
    ),
    "peak": "",
    "again_runs": "",
    "again_files": "",
}
"""A text for each row that has a goal, shown only where the goal is not met."""
