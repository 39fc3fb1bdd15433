"""What was measured of a backfill, as a section of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.backfill.goals import BOUNDS, GOALS
from benchmarks.results import Measured, table, where_measured

_HOW_TO_READ = """\
Written by `python -m benchmarks.backfill`. One process runs the job `stripe_reports` over all days as one
Dagster run; the server is the package's sandbox, in a process of its own, on the same machine. Seconds are
those of the run, without the start of Python and imports. The least that the server can take is the number of
report runs × seconds for each ÷ how many are built at once.

Dagster's records are measured alone: a multi-asset with the same specs, checks and partitions lands nothing
and yields what the backfill has yielded. In its time are, for each partition of each asset, the event that
plans it, the one that says that it is materialized, with the same metadata, an evaluation for each check, and
their share of the step around them."""
_HOW_CHECKED = """\
Of {partitions:,} partitions each has to be one file in the lake and one materialization in Dagster, and
{sample} of them, chosen at random, have to be what their kept CSVs say, value by value (`Lake.verify`)."""


@dataclass(frozen=True, slots=True)
class Results:
    """`rows` are by the keys of `GOALS`; `sizes` say what the figures name in braces."""

    rows: Mapping[str, Measured]
    sizes: Mapping[str, str]
    input: str
    partitions: int
    sample: int
    differences: Sequence[str]


def render(results: Results, *, bounds: Mapping[str, str] = BOUNDS) -> str:
    """The section: a row for each goal that was measured, then how to read it."""
    lines = [
        "## Backfill",
        "",
        _HOW_TO_READ,
        "",
        *table(results.rows, GOALS, results.sizes, bounds),
        "",
        _checked(results),
        "",
        *where_measured(),
        f"- Input: {results.input}",
        "",
    ]
    return "\n".join(lines)


def _checked(results: Results) -> str:
    told = _HOW_CHECKED.format(partitions=results.partitions, sample=results.sample)
    if not results.differences:
        return f"{told} **All of it is so.**"
    return "\n".join([f"{told} **It is not:**", "", *(f"- {each}" for each in results.differences)])
