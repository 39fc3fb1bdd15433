"""The first rows of a landed day as the UI shows them, without personal data."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import islice
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
    columns: dict[pa.Field, Sequence[Any]] = {}
    for field, column in zip(first.schema, first.columns, strict=True):
        values = column.to_pylist() if column.null_count < len(column) else ()
        if any(value not in _EMPTY for value in values):
            columns[field] = values
    currencies = next((values for field, values in columns.items() if field.name == "currency"), None)
    cells = {
        field.name: _cells(values, currencies or [None] * len(values), masked=_is_masked(field))
        for field, values in islice(columns.items(), _MOST_COLUMNS)
    }
    while True:
        left = len(columns) - len(cells)
        more = f"; {left} more have values in these rows" if left else ""
        title = (
            f"The first {first.num_rows} of {rows:,} rows, and {len(cells)} of {first.num_columns} columns"
            f"{more}. {MASKED} may be personal data."
        )
        lines = [[_escaped(name) for name in cells], ["---"] * len(cells), *zip(*cells.values(), strict=True)]
        text = "\n".join([title, "", *map(_line, lines)])
        if len(json.dumps(text)) <= _MOST_BYTES:
            return text
        cells.popitem()


def _line(cells: Sequence[str]) -> str:
    return f"|{'|'.join(cells)}|"


def _cells(values: Sequence[Any], currencies: Sequence[str | None], *, masked: bool) -> list[str]:
    return [
        "" if value in _EMPTY else MASKED if masked else _escaped(_text(value, currency or ""))
        for value, currency in zip(values, currencies, strict=True)
    ]


def _text(value: Any, currency: str) -> str:
    return amount_text(value, currency) if isinstance(value, Decimal) else str(value)


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
