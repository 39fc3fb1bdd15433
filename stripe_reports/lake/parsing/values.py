"""The values of a column, from its texts: exactly, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stripe_reports.catalog import ColumnType
from stripe_reports.lake.parsing.schema import ARROW_TYPES, DECIMAL

# Arrow's own parser accepts more and is silently wrong past 20 digits: it takes exponents and a plus, and 38
# digits without a point wrap around. (`test_upstream_pyarrow.py` holds the proof.)
_DECIMAL_TEXT = r"^-?[0-9]{1,20}(\.[0-9]{1,18})?$"
_SHORT = 20  # a text of at most 20 characters has at most 20 digits before the point and 18 after it
_ZERO, _MINUS, _POINT = b"0-."
# Arrow reads "0x10" as 16.
_INTEGER_TEXT = r"^-?[0-9]{1,19}$"

_YEAR_1 = -62_135_596_800_000_000  # its first microsecond, counted from 1970

# Made from buffers, because pyarrow imports pandas to make them from Python's texts.
_TRUE, _FALSE, _EMPTY = pa.Array.from_buffers(
    pa.string(), 3, [None, pa.py_buffer(np.array([0, 4, 9, 9], np.int32)), pa.py_buffer(b"truefalse")]
)
(_NULL,) = pa.nulls(1, pa.string())

DESCRIPTIONS: Mapping[ColumnType, str] = {
    ColumnType.STRING: "text in UTF-8",
    ColumnType.DECIMAL: "a decimal number with at most 20 digits before and 18 after the point",
    ColumnType.INTEGER: "a 64-bit integer",
    ColumnType.BOOLEAN: "true or false",
    ColumnType.DATE: "a date (YYYY-MM-DD, optionally followed by 00:00:00)",
    ColumnType.TIMESTAMP: "a timestamp (YYYY-MM-DD HH:MM:SS, at most microseconds, no offset)",
    ColumnType.TIMESTAMP_UTC: "a timestamp (YYYY-MM-DD HH:MM:SS, at most microseconds, no offset)",
}


class MisfitError(ValueError):
    """A value of the column does not fit. `first_misfit` finds it."""


def convert(texts: pa.ChunkedArray, type_: ColumnType) -> tuple[pa.ChunkedArray, int]:
    """Return the column with its Arrow type, and how many empty texts became nulls in it. Nulls stay nulls.

    An empty text stays one in a string column and becomes null in any other, because some of Stripe's CSVs
    have `""` for a missing amount. Apart from that, nothing is trimmed, rounded or guessed. A number is an
    optional minus and ASCII digits with at most one point between digits: no exponent, no plus, no blanks. A
    boolean is `true` or `false`. A timestamp may have a `T` in place of the blank, and may lack its seconds
    or its time of day, as ISO 8601 allows.

    Raises MisfitError if a text does not fit.
    """
    convert_texts = _CONVERT[type_]
    try:
        return convert_texts(texts), 0
    except (pa.ArrowInvalid, MisfitError) as error:
        if type_ is ColumnType.STRING or not (empties := _count_empties(texts)):
            raise MisfitError(str(error)) from error
    try:
        return convert_texts(_without_empties(texts)), empties
    except pa.ArrowInvalid as error:
        raise MisfitError(str(error)) from error


def first_misfit(texts: pa.ChunkedArray, type_: ColumnType) -> int | None:
    """Return the row of the first value that `convert` refuses, found by bisection, or None if all fit."""
    if _fits(texts, type_):
        return None
    fit, misfit = 0, len(texts)  # texts[:fit] fits, texts[:misfit] does not
    while misfit - fit > 1:
        middle = (fit + misfit) // 2
        if _fits(texts.slice(fit, middle - fit), type_):
            fit = middle
        else:
            misfit = middle
    return fit


def _fits(texts: pa.ChunkedArray, type_: ColumnType) -> bool:
    try:
        convert(texts, type_)
    except MisfitError:
        return False
    return True


def _count_empties(texts: pa.ChunkedArray) -> int:
    return pc.sum(pc.equal(texts, _EMPTY)).as_py() or 0


def _without_empties(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(texts, _EMPTY), _NULL, texts)


def _string(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    # The cast checks UTF-8 if the texts are still binary.
    return texts if texts.type == pa.string() else texts.cast(pa.string())


def _decimal(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    if not all(map(_short_decimals, texts.chunks)):
        _demand(pc.match_substring_regex(texts, _DECIMAL_TEXT))
    return texts.cast(DECIMAL)


def _short_decimals(texts: pa.Array) -> bool:
    """Return whether texts that Arrow reads as decimals also fit `_DECIMAL_TEXT`. False if in doubt.

    It takes a quarter of the regular expression's time. It checks that no text is longer than 20 characters,
    that all characters are digits, minus and point, and that no text starts or ends with a point. Arrow
    checks the rest.
    """
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    chars = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    borders = offsets[1:-1] - offsets[0]
    if not len(chars) or np.diff(offsets).max() > _SHORT:
        return False
    minus, point = chars == _MINUS, chars == _POINT
    if np.count_nonzero(minus) + np.count_nonzero(point) + np.count_nonzero(chars - _ZERO < 10) < len(chars):
        return False
    borders = borders[(borders > 0) & (borders < len(chars))]  # texts that are null at an end have no border
    return not (
        point[0]
        or point[-1]
        or point[borders].any()
        or point[borders - 1].any()
        or (minus[:-1] & point[1:]).any()
    )


def _integer(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    _demand(pc.match_substring_regex(texts, _INTEGER_TEXT))
    return texts.cast(pa.int64())


def _boolean(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    true = pc.equal(texts, _TRUE)
    _demand(pc.or_(true, pc.equal(texts, _FALSE)))
    return true


def _timestamp(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    instants = texts.cast(pa.timestamp("us"))
    first = pc.min(instants).value
    if first is not None and first < _YEAR_1:
        raise MisfitError("the year is before 1")
    return instants


def _timestamp_utc(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return _timestamp(texts).cast(ARROW_TYPES[ColumnType.TIMESTAMP_UTC])


def _date(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    instants = _timestamp(texts)
    days = instants.cast(pa.date32())  # silently drops a time of day, so compare
    _demand(pc.equal(days.cast(pa.timestamp("us")), instants))
    return days


def _demand(fits: pa.ChunkedArray) -> None:
    if pc.all(fits).as_py() is False:
        raise MisfitError("a text that its type does not allow")


_CONVERT: Mapping[ColumnType, Callable[[pa.ChunkedArray], pa.ChunkedArray]] = {
    ColumnType.STRING: _string,
    ColumnType.DECIMAL: _decimal,
    ColumnType.INTEGER: _integer,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.DATE: _date,
    ColumnType.TIMESTAMP: _timestamp,
    ColumnType.TIMESTAMP_UTC: _timestamp_utc,
}
