"""A second reader of CSVs, in plain Python, to check the first one. They share no code."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from stripe_reports.errors import CsvError

_BLOCK_CHARS = 1 << 20
_ROW_LIMIT_CHARS = 64 << 20
"""A limit that no landed row reaches."""
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class CsvBlock:
    """Some rows, field by field, `width` fields per row.

    An empty field is None without quotes, and an empty text with them.
    """

    fields: list[str | None]
    width: int
    first_line: int

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.fields) // self.width

    def column(self, number: int) -> list[str | None]:
        """Return the texts of one column, row by row."""
        return self.fields[number :: self.width]

    def line(self, row: int, column: int = 0) -> int:
        """Return the line on which a field starts, or on which the field after the last one would."""
        before = self.fields[: row * self.width + column]
        return self.first_line + row + sum(text.count("\n") for text in before if text)


def read_csv(
    chunks: Iterable[bytes], *, block_chars: int = _BLOCK_CHARS, row_limit_chars: int = _ROW_LIMIT_CHARS
) -> tuple[list[str | None], Iterator[CsvBlock]]:
    """Return the names in the header of a CSV, and the rows below it, in bounded memory.

    The CSV must be UTF-8 and follow RFC 4180. A quote stands before and after a field, or is doubled inside
    such a field. All rows have as many fields as the header, so an empty line is a row only if there is one
    column. Lines end with a newline, with or without a carriage return before it; the last newline may be
    missing. A byte order mark at the start is ignored.

    Raises CsvError with the line, here or while the rows are read, and what `chunks` raises, unchanged.
    """
    blocks = _blocks(_whole_rows(_texts(chunks), block_chars, row_limit_chars))
    first = next(blocks, None)
    if first is None:
        raise CsvError("the CSV is empty, without even a header")
    below = CsvBlock(first.fields[first.width :], first.width, first.line(1))
    return first.fields[: first.width], chain([below], blocks)


def _texts(chunks: Iterable[bytes]) -> Iterator[str]:
    decode = codecs.getincrementaldecoder("utf-8")().decode
    line = 1
    try:
        for chunk in chunks:
            yield (text := decode(chunk))
            line += text.count("\n")
        yield decode(b"", final=True)
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
        raise CsvError(f"line {line} of the CSV is not text in UTF-8") from None


def _whole_rows(texts: Iterable[str], block_chars: int, row_limit_chars: int) -> Iterator[tuple[str, int]]:
    """Yield the text in pieces that end where a row ends, each with its first line."""
    text, line, at_start = "", 1, True
    pending: list[str] = []
    size, enough = 0, block_chars
    for piece in texts:
        pending.append(piece.removeprefix(_BOM) if at_start else piece)
        at_start = at_start and not piece
        size += len(piece)
        if size < enough:
            continue
        text = "".join(pending)
        end = _last_row_end(text)
        if end:
            yield text[:end], line
            line += text.count("\n", 0, end)
        elif size > row_limit_chars:
            raise CsvError(f"no row ends within {size} characters from line {line} on: a quote is not closed")
        pending = [text[end:]]
        size = len(text) - end
        enough = max(block_chars, 2 * size)
    if text := "".join(pending):
        if text.count('"') % 2:
            raise CsvError(f"the CSV ends inside a quoted field that starts on line {line} or later")
        yield text if text.endswith("\n") else text + "\n", line


def _last_row_end(text: str) -> int:
    """Return the position after the last newline outside quotes, or 0 if there is none."""
    end, outside = len(text), text.count('"') % 2 == 0
    while True:
        quote = text.rfind('"', 0, end)
        if outside and (newline := text.rfind("\n", quote + 1, end)) >= 0:
            return newline + 1
        if quote < 0:
            return 0
        end, outside = quote, not outside


def _blocks(pieces: Iterable[tuple[str, int]]) -> Iterator[CsvBlock]:
    width, separators = 0, _Separators()
    for text, line in pieces:
        fields, row_ends = _fields(text, line, separators)
        width = width or row_ends[1]
        block = CsvBlock(fields, width, line)
        if row_ends != list(range(0, len(fields) + 1, width)):
            row = next(row for row, end in enumerate(row_ends, -1) if end != (row + 1) * width)
            found = row_ends[row + 1] - row * width
            raise CsvError(
                f"the row on line {block.line(row)} of the CSV has {found} field{'s' * (found > 1)}"
                f" where the header has {width}"
            )
        yield block


def _fields(text: str, line: int, separators: _Separators) -> tuple[list[str | None], list[int]]:
    """Return the fields of whole rows, and for each row the number of fields before it, then of all fields.

    A text that is cut at its quotes is in turns outside and inside of them. A part inside is a field. A part
    outside separates two fields, mostly by a comma, and otherwise in few ways.
    """
    parts = text.split('"')
    parts[0] = "\n" + parts[0]  # the row before it has ended
    outside, inside = parts[0::2], parts[1::2]
    if "" in outside:
        outside, inside = _join_doubled_quotes(outside, inside)
    fields: list[str | None] = []
    row_ends: list[int] = []
    add = fields.append
    try:
        for separator, field in zip(outside, [*inside, None], strict=True):  # the last one is removed again
            if separator != ",":
                bare, ends = separators[separator]
                row_ends += [len(fields) + end for end in ends]
                fields += bare
            add(field)
    except _DamageError:
        raise CsvError(_explain_damage(parts, line)) from None
    fields.pop()
    return fields, row_ends


def _join_doubled_quotes(outside: list[str], inside: list[str]) -> tuple[list[str], list[str]]:
    """Join fields with nothing between them to one field with a quote in it."""
    separators: list[str] = []
    fields: list[str] = []
    start = 0
    for at in [number for number, separator in enumerate(outside) if not separator]:
        if at < start:
            continue  # it is joined already
        end = at
        while not outside[end]:
            end += 1
        separators += outside[start:at]
        fields += inside[start : at - 1]
        fields.append('"'.join(inside[at - 1 : end]))
        start = end
    return [*separators, *outside[start:]], [*fields, *inside[start:]]


class _DamageError(ValueError):
    """Damage in a separator. `line` counts from the start of the separator."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


_Separator = tuple[list[str | None], list[int]]
"""The fields without quotes in a separator, and before which of them (or after the last) a row ends."""


class _Separators(dict[str, _Separator]):
    """The texts between two quoted fields, each parsed once."""

    _MOST, _LONGEST = 4096, 64

    def __missing__(self, text: str) -> _Separator:
        separator = _parse_separator(text)
        if len(self) < self._MOST and len(text) <= self._LONGEST:
            self[text] = separator
        return separator


def _parse_separator(text: str) -> _Separator:
    lines = text.split("\n")
    if "\r" in text:
        lines = [*(line.removesuffix("\r") for line in lines[:-1]), lines[-1]]
        for number, line in enumerate(lines):
            if "\r" in line:
                raise _DamageError(number, "has a carriage return that no newline follows")
    rows = [line.split(",") for line in lines]
    stray_quote = "has a quote that neither frames a field nor is doubled inside one"
    if rows[0].pop(0):  # after the quote
        raise _DamageError(0, stray_quote)
    if not rows[-1] or rows[-1].pop():  # before the next quote
        raise _DamageError(len(rows) - 1, stray_quote)
    fields: list[str | None] = []
    ends: list[int] = []
    for row in rows:
        fields += [field or None for field in row]
        ends.append(len(fields))
    return fields, ends[:-1]


def _explain_damage(parts: Sequence[str], line: int) -> str:
    line -= 1  # the newline before the first row is not in the file
    for number, part in enumerate(parts):
        if number % 2 == 0 and part:
            try:
                _parse_separator(part)
            except _DamageError as damage:
                return f"line {line + damage.line} of the CSV {damage}"
        line += part.count("\n")
    return f"line {line} of the CSV is damaged"
