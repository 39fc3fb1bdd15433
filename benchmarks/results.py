"""What was measured, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

from benchmarks.goals import BOUNDS, GOALS, Goal
from benchmarks.machine import describe_machine, describe_versions

_HOW_TO_READ = """\
Written by `python -m benchmarks`. Each figure is the median of runs in fresh processes, with the least and
the largest behind it. Where one thing is measured against another, both were run in turn, and the figure is
the ratio of their wall times, unless it says of what. A goal is met if the median is within it."""
_HOW_CHECKED = """\
DuckDB and polars, each on its own, compared {files} landed files with their CSVs: {values:,} values, in
{facts:,} facts (rows; of each column its type, nulls and sum of hashes; exact sums of amounts; empty texts,
characters and newlines of texts; first and last of timestamps). In a CSV, both read `""` as an empty text and
nothing as null."""
_FORMATS = {"": ".3f", "MiB": ".0f", "s": ".2f", "ms": ".1f", "calls": ".2f"}
_COUNT = ",.0f"


@dataclass(frozen=True, slots=True)
class Measured:
    """The values of one row: one of each run or pair of runs."""

    values: Sequence[float]
    note: str = ""
    """What else is worth saying of them."""
    fault: str = ""
    """What was found that the goal does not allow, whatever the values."""

    def meets(self, goal: Goal) -> bool | None:
        """None where there is no goal."""
        return None if goal.limit is None else median(self.values) <= goal.limit and not self.fault


@dataclass(slots=True)
class Checked:
    """How many files were compared with their CSVs, and what came of it."""

    files: int = 0
    values: int = 0
    facts: int = 0
    differences: list[Mapping[str, str]] = field(default_factory=list)

    def add(self, files: int, *, values: int, facts: int, differences: Sequence[Mapping[str, str]]) -> None:
        """What `benchmarks.check` printed of so many files."""
        self.files += files
        self.values += values
        self.facts += facts
        self.differences += differences


@dataclass(frozen=True, slots=True)
class Results:
    """`rows` are by the keys of `GOALS`; `sizes` say what `{small}` and `{large}` stand for in these."""

    rows: Mapping[str, Measured]
    sizes: Mapping[str, str]
    shape: str
    checked: Checked
    peers: Mapping[str, Checked]


def render(results: Results, *, bounds: Mapping[str, str] = BOUNDS) -> str:
    """The page: a row for each goal that was measured, then how to read it."""
    lines = [
        "# Results",
        "",
        _HOW_TO_READ,
        "",
        *table(results.rows, GOALS, results.sizes, bounds),
        "",
        _checked(results.checked),
        "",
        *_peers(results.peers),
        *where_measured(),
        f"- Input: {results.shape}",
        "",
    ]
    return "\n".join(lines)


def table(
    rows: Mapping[str, Measured],
    goals: Mapping[str, Goal],
    sizes: Mapping[str, str],
    bounds: Mapping[str, str],
) -> Sequence[str]:
    """The rows that were measured, in the order of the goals; `sizes` are what figures name in braces."""
    return [
        "| figure | goal | measured | met | what bounds it |",
        "|---|---|---|---|---|",
        *(_row(goal, rows[key], sizes, bounds.get(key, "")) for key, goal in goals.items() if key in rows),
    ]


def where_measured() -> Sequence[str]:
    """When and on what, as a list."""
    return [
        f"- Day: {datetime.now(UTC).date()}",
        f"- Machine: {describe_machine()}",
        f"- Versions: {describe_versions()}",
    ]


def _row(goal: Goal, measured: Measured, sizes: Mapping[str, str], bound: str) -> str:
    met = measured.meets(goal)
    cells = (
        goal.figure.format_map(sizes),
        "–" if goal.limit is None else f"≤ {goal.limit:g} {goal.unit}".rstrip(),
        "; ".join(text for text in (_figure(goal, measured), measured.note, measured.fault) if text),
        {None: "–", True: "yes", False: "**no**"}[met],
        (bound or "not said yet") if met is False else "",
    )
    return f"| {' | '.join(cells)} |"


def _figure(goal: Goal, measured: Measured) -> str:
    form = _FORMATS.get(goal.unit, _COUNT)
    least, middle, most = (f"{f(measured.values):{form}}" for f in (min, median, max))
    spread = f"{least} to {most}, " if len(measured.values) > 1 else ""
    return f"{middle} {goal.unit}".rstrip() + f" ({spread}n = {len(measured.values)})"


def _checked(checked: Checked) -> str:
    told = _HOW_CHECKED.format(files=checked.files, values=checked.values, facts=checked.facts)
    if not checked.differences:
        return f"{told} **Both agree on all of them.**"
    lines = [f"- {each['fact']} ({each['column']}): {each['found']}" for each in checked.differences]
    return "\n".join([f"{told} **They do not agree:**", "", *lines])


def _peers(peers: Mapping[str, Checked]) -> Sequence[str]:
    """Whether the others did the same work."""
    if not peers:
        return []
    lines = ["The files of the others, checked likewise:", ""]
    for engine, checked in peers.items():
        odd: dict[str, set[str]] = {}
        for each in checked.differences:
            odd.setdefault(each["column"], set()).add(each["fact"])
        found = "; ".join(f"`{name}` differs in {', '.join(sorted(facts))}" for name, facts in odd.items())
        lines.append(f"- {engine}: {found or f'the same in all {checked.facts} facts'}")
    return [*lines, ""]
