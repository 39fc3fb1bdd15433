"""The header of a CSV, separated from the rest of its stream."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from stripe_reports.errors import CsvError

_LIMIT_BYTES = 1 << 20
_MOST_COLUMNS = 10_000
_FIELD = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r?\n)')


@dataclass(frozen=True, slots=True)
class Header:
    """The names, the number of lines that they take, and the stream after them."""

    names: tuple[str, ...]
    lines: int
    rest: Iterator[bytes]


def take_header(chunks: Iterable[bytes]) -> Header:
    """Separate the header from the rest of a stream.

    Raises CsvError for a damaged header, and what `chunks` raises, unchanged.
    """
    stream = iter(chunks)
    head = bytearray()
    looked_at = quotes = end = 0
    for chunk in stream:
        head += chunk
        while not end and (newline := head.find(b"\n", looked_at)) >= 0:
            quotes += head.count(b'"', looked_at, newline)
            looked_at = newline + 1
            if quotes % 2 == 0:
                end = looked_at
        if end:
            break
        if len(head) > _LIMIT_BYTES:
            raise CsvError(f"no header ends within {_LIMIT_BYTES} bytes; nothing was landed")
    text, rest = bytes(head[: end or len(head)]), bytes(head[end:]) if end else b""
    if not end and (quotes + text.count(b'"', looked_at)) % 2:
        raise CsvError("the file ends inside a quoted field of its header; nothing was landed")
    return Header(_names(text), text.count(b"\n"), chain((rest,), stream))


def _names(text: bytes) -> tuple[str, ...]:
    """Parse the names by RFC 4180: quotes stand before and after a name, and are doubled inside it."""
    try:
        row = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CsvError(f"the header on line 1 is damaged ({error}); nothing was landed") from error
    row += "" if row.endswith("\n") else "\n"
    names: list[str] = []
    end, delimiter = 0, ","
    while delimiter == ",":
        field = _FIELD.match(row, end)
        if field is None:
            line = 1 + row.count("\n", 0, end)
            raise CsvError(
                f"the header on line {line} is damaged: a quote neither frames a name nor is doubled inside"
                " one, or a carriage return is not followed by a newline; nothing was landed"
            )
        names.append(field[2] if field[1] is None else field[1].replace('""', '"'))
        end, delimiter = field.end(), field[3]
        if len(names) > _MOST_COLUMNS:
            raise CsvError(f"the header has more than {_MOST_COLUMNS} columns; nothing was landed")
    if names == [""] and len(row) <= len("\r\n"):
        raise CsvError("line 1 is not a header; nothing was landed")
    return tuple(names)
