"""Printing a plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

import click
from rich import box
from rich.console import Console
from rich.table import Table

from stripe_reports.catalog import stretch_texts
from stripe_reports.cli.plan.planning import Plan
from stripe_reports.wording import some

_STRETCHES_NAMED = 5


def print_json(plan: Plan, days: Sequence[date], timezone: str, *, asked: bool) -> None:
    """Print an object."""
    least, most = plan.seconds
    said = {
        "from": str(days[0]),
        "to": str(days[-1]),
        "timezone": timezone,
        "asked_stripe": asked,
        "report_types": [each.as_json() for each in plan.reports],
        "report_runs": plan.report_runs,
        "days_by_payout": plan.payout_days,
        "api_calls_at_least": plan.api_calls,
        "downloads": plan.downloads,
        "runs_in_flight": plan.runs_in_flight,
        "seconds_from": round(least),
        "seconds_to": round(most),
    }
    click.echo(json.dumps(said, indent=2))


def print_plan(plan: Plan, *, asked: bool, again: bool) -> None:
    """Print a row for each report type, then the sums and what is not known."""
    shown = Table(box=box.SIMPLE, padding=(0, 0, 0, 1), show_edge=False, pad_edge=False)
    shown.add_column("report type", overflow="fold")
    for name in ("days", "landed", "not yet", "to land", "report runs"):
        shown.add_column(name, justify="right", no_wrap=True)
    for each in plan.reports:
        runs = f"{each.report_runs:,}" + (" + payouts" if each.by_payout and each.to_land else "")
        numbers = (each.days, each.landed, len(each.not_yet), len(each.to_land))
        shown.add_row(
            each.report_type.id, *(f"{n:,}" for n in numbers), runs if each.offered else "not offered"
        )
    console = Console()
    if not console.is_terminal:
        options = console.options.update(max_width=1 << 20)
        console.width = max(console.width, console.measure(shown, options=options).maximum)
    console.print(shown)
    for line in _lines(plan, asked=asked, again=again):
        click.echo(line)


def _lines(plan: Plan, *, asked: bool, again: bool) -> list[str]:
    least, most = plan.seconds
    by = "Stripe's answer" if asked else "Stripe's documented delays"
    lines = [
        f"{plan.report_runs:,} report runs: fewer if equal ones of the last week exist, more if some fail.",
        f"At least {plan.api_calls:,} calls to the API, and {plan.downloads:,} downloads.",
        f"About {_duration(least)} to {_duration(most)}: {plan.runs_in_flight} report runs at a time, each of"
        " 10 to 30 s; without the time for downloads and tables.",
    ]
    if plan.payout_days:
        lines.append(
            f"And a report run for each payout of {plan.payout_days:,} days: how many is not known until the"
            " payouts are listed."
        )
    landed = sum(each.landed for each in plan.reports)
    if landed and not again:
        lines.append(f"Left out: {landed:,} landed days; --again plans them as well.")
    gaps: dict[tuple[date, ...], list[str]] = {}
    for each in plan.reports:
        if each.not_yet:
            gaps.setdefault(tuple(each.not_yet), []).append(each.report_type.id)
    for days, ids in gaps.items():
        named = some(stretch_texts(days), _STRETCHES_NAMED)
        lines.append(f"Not yet available, by {by}: {named}, of {some(ids, 3)}.")
    if old := [each.report_type.id for each in plan.reports if each.not_kept]:
        lines.append(f"Stripe's data begin later than the first day, of {some(old, 3)}.")
    return lines


def _duration(seconds: float) -> str:
    if seconds >= 2 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
