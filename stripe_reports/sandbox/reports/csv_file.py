"""Stripe's CSV dialect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from stripe_reports.sandbox.reports.query import Row

_LINES_PER_CHUNK = 2000


def csv_chunks(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield the file in chunks: comma, LF, UTF-8 without BOM, and a header even if there are no rows.

    Header names and all values are quoted, numbers too; NULL is an empty field, `""` an empty string.
    """
    yield f"{','.join(map(_quoted, columns))}\n".encode()
    lines = (",".join([_quoted(row.get(column)) for column in columns]) + "\n" for row in rows)
    while chunk := "".join(islice(lines, _LINES_PER_CHUNK)):
        yield chunk.encode()


def _quoted(value: str | None) -> str:
    if value is None:
        return ""
    return f'"{value}"' if '"' not in value else '"' + value.replace('"', '""') + '"'
