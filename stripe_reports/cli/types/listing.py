"""The list of report types, as data and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stripe_reports.catalog import (
    ReportType,
    column_description,
    column_type,
    matches_pattern,
    personal_data,
    select_report_types,
)

if TYPE_CHECKING:
    from stripe_reports.stripe_api import OfferedReportType


def list_report_types(
    pattern: str, offered: Mapping[str, OfferedReportType] | None = None
) -> list[dict[str, Any]]:
    """Return an object for each report type that `pattern` selects: `id`, `table`, `interval`, `columns`, ….

    With `offered`, the report types of an account, each object also says whether the report type is `offered`
    and from when to when it has data, in ISO 8601. Report types of the account that the catalog does not know
    are listed too.
    """
    selected = {each.id: each for each in select_report_types(pattern)}
    for id_ in offered or ():
        if id_ not in selected and matches_pattern(id_, pattern):
            selected.update((each.id, each) for each in select_report_types(f"={id_}"))
    return [_entry(each, offered) for each in selected.values()]


def _entry(report_type: ReportType, offered: Mapping[str, OfferedReportType] | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": report_type.id,
        "table": report_type.table,
        "name": report_type.name,
        "purpose": report_type.purpose,
        "row": report_type.row,
        "family": report_type.family,
        "interval": report_type.interval,
        "day_column": report_type.day_column,
        "parameters": list(report_type.parameters),
        "columns": list(report_type.columns),
        "column_details": [_column(report_type, name) for name in report_type.columns],
        "columns_complete": report_type.columns_complete,
        "metadata_columns": [f"{prefix}[...]" for prefix in report_type.metadata_columns],
        "live_mode_only": report_type.live_mode_only,
    }
    if offered is not None:
        found = offered.get(report_type.id)
        entry["offered"] = found is not None
        entry["data_available_start"] = found and _iso(found.data_available_start)
        entry["data_available_end"] = found and _iso(found.data_available_end)
        entry["default_columns"] = list(found.default_columns or ()) if found else None
    return entry


def _column(report_type: ReportType, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": column_type(name).value,
        "nullable": name not in report_type.never_null,
        "personal_data": personal_data(name),
        "description": column_description(name, report_type.id),
    }


def show_report_types(entries: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return a table of the report types; for a single one, also what it is for, and each of its columns."""
    table = Table(box=box.SIMPLE, padding=(0, 0, 0, 1), show_edge=False, pad_edge=False)
    table.add_column("report type", overflow="fold")
    table.add_column("interval", no_wrap=True)
    table.add_column("columns", justify="right", no_wrap=True)
    account = bool(entries) and "offered" in entries[0]
    if account:
        table.add_column("data through", no_wrap=True)
    for entry in entries:
        number = f"{len(entry['columns'])}{'' if entry['columns_complete'] else '+'}"
        through = [entry["data_available_end"] or "not offered"] if account else []
        table.add_row(entry["id"], entry["interval"], number, *through)
    if len(entries) != 1:
        return table
    (only,) = entries
    purpose = [Text(), Text(f"{only['purpose']} {only['row']}")] if only["purpose"] else []
    details = (
        f"\ntable       {only['table']}"
        f"\nparameters  {', '.join(only['parameters'])}"
        f"\nmetadata    {', '.join(only['metadata_columns']) or 'none'}"
        f"\ncolumns     {'' if only['columns_complete'] else 'Stripe may have more'}"
    )
    columns = [part for column in only["column_details"] for part in _show_column(column)]
    return Group(table, *purpose, Text(details), *columns)


def _show_column(column: Mapping[str, Any]) -> tuple[RenderableType, RenderableType]:
    facts = [column["type"], "may be null" if column["nullable"] else "never null"]
    if column["personal_data"]:
        facts.append(f"personal data: {column['personal_data']}")
    heading = Text(f"{column['name']}  {', '.join(facts)}")
    description = Text(column["description"])
    return Padding.indent(heading, 2), Padding.indent(description, 6)


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
