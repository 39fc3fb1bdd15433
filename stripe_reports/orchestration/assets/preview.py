"""The first rows of a landed day as the UI shows them, without personal data."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import dagster as dg

from stripe_reports.catalog import REPORT_TYPES, amount_text, personal_data
from stripe_reports.lake import LandedTable

if TYPE_CHECKING:
    import pyarrow as pa

MASKED = "•••"
"""What stands in place of a value that may be personal data."""

_MOST_COLUMNS = 20
_LONGEST = 40
_MOST_BYTES = 8_000
"""The bound of a preview as Dagster stores it, in JSON: each partition has one."""
_MARKUP = re.compile(r"([\\`*\[\]<>|~&$])")
_EMPTY = (None, "")


def preview_metadata(table: LandedTable) -> Mapping[str, dg.MetadataValue[Any]]:
    """Return the first rows of a day as `preview`, and what has happened to its personal data.

    The preview has the columns with a value in these rows, as many as its bounds allow. Amounts have all
    their digits. Values of columns with personal data are masked under every policy, hashed ones too, and so
    are texts of columns that the catalog does not know. It is a text in Markdown, because Dagster takes more
    than ten times as long to store a table.
    """
    metadata: dict[str, dg.MetadataValue[Any]] = {}
    if table.pii != "keep":
        metadata["pii"] = dg.MetadataValue.text(table.pii)
        metadata["pii_columns"] = dg.MetadataValue.json(list(table.pii_columns))
    if table.first_rows is not None and table.first_rows.num_rows:
        metadata["preview"] = dg.MetadataValue.md(_preview(table.first_rows, table.rows))
    return metadata


def _preview(first: "pa.Table", rows: int) -> str:
    columns = {name: first.column(name).to_pylist() for name in first.column_names}
    currencies = [each or "" for each in columns.get("currency", [""] * first.num_rows)]
    cells = {
        field.name: [
            _cell(value, currency, masked=_is_masked(field))
            for value, currency in zip(columns[field.name], currencies, strict=True)
        ]
        for field in first.schema
        if any(value not in _EMPTY for value in columns[field.name])
    }
    shown = list(cells)[:_MOST_COLUMNS]
    while len(json.dumps(text := _markdown(cells, shown, first, rows))) > _MOST_BYTES:
        shown.pop()
    return text


def _markdown(cells: Mapping[str, Sequence[str]], shown: Sequence[str], first: "pa.Table", rows: int) -> str:
    left = len(cells) - len(shown)
    more = f"; {left} more have values in these rows" if left else ""
    lines = [
        f"The first {first.num_rows} of {rows:,} rows, and {len(shown)} of {first.num_columns} columns{more}."
        f" {MASKED} may be personal data.",
        "",
        _line([_escaped(name) for name in shown]),
        _line(["---"] * len(shown)),
        *(_line([cells[name][row] for name in shown]) for row in range(first.num_rows)),
    ]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"|{'|'.join(cells)}|"


def _cell(value: Any, currency: str, *, masked: bool) -> str:
    if value in _EMPTY:
        return ""
    if masked:
        return MASKED
    return _escaped(amount_text(value, currency) if isinstance(value, Decimal) else str(value))


def _escaped(text: str) -> str:
    text = " ".join(text.split())
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return _MARKUP.sub(r"\\\1", text)


def _is_masked(field: "pa.Field") -> bool:
    header = (field.metadata or {}).get(b"stripe_column", field.name.encode()).decode()
    if personal_data(header):
        return True
    return str(field.type) == "string" and header not in _known_columns()


@cache
def _known_columns() -> frozenset[str]:
    return frozenset(
        name for each in REPORT_TYPES.values() for name in (*each.columns, *each.constant_columns)
    )
