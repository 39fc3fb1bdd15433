"""What was measured of reconciling, as a section of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.goals import Goal
from benchmarks.results import Measured, table, where_measured

_HOW_TO_READ = """\
Written by `python -m benchmarks.reconciliation`. A process of its own holds all identities against the tables
of all days (`stripe_reports.reconcile.reconcile`), without the start of Python and imports. Arrow reading the
same columns of the same files, and nothing else, was run in turn with it."""

GOALS: Mapping[str, Goal] = {
    "seconds": Goal("{days} days of the core reports with {rows} itemized rows reconciled", 60, "s"),
    "ratio": Goal("the same against Arrow reading the columns alone"),
    "peak": Goal("peak memory of the process", 1000, "MiB"),
    "day": Goal("one day of them", unit="s"),
}

BOUNDS: Mapping[str, str] = {}
"""A text for each row that has a goal, shown only where the goal is not met."""


@dataclass(frozen=True, slots=True)
class Results:
    """`rows` are by the keys of `GOALS`; `sizes` say what the figures name in braces."""

    rows: Mapping[str, Measured]
    sizes: Mapping[str, str]
    outcomes: Mapping[str, int]
    differences: Sequence[str]


def render(results: Results) -> str:
    """The section: a row for each goal, then what was found."""
    found = ", ".join(f"{count:,} {verdict.replace('_', ' ')}" for verdict, count in results.outcomes.items())
    told = f"The numbers are made to agree. Of identities by day and currency: {found}."
    lines = [
        "## Reconciliation",
        "",
        _HOW_TO_READ,
        "",
        *table(results.rows, GOALS, results.sizes, BOUNDS),
        "",
        f"{told} **{'; '.join(results.differences) or 'None is broken, none is missing'}.**",
        "",
        *where_measured(),
        "",
    ]
    return "\n".join(lines)
