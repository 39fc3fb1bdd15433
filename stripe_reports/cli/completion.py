"""What a shell completes: report types and tables, for arguments and options."""

from __future__ import annotations

import click

from stripe_reports.errors import StripeReportsError


def complete_types(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the presets and the ids of report types that begin so."""
    from stripe_reports.catalog import PRESETS, REPORT_TYPES

    return [name for name in (*PRESETS, *REPORT_TYPES) if name.startswith(begun)]


def complete_tables(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the lake's tables that begin so; none where the lake cannot be read, as a shell has no place
    for errors."""
    from stripe_reports.cli.lake_option import chosen_lake

    try:
        return [name for name in chosen_lake(context.params.get("uri")).tables() if name.startswith(begun)]
    except StripeReportsError:
        return []
