"""The comparison of a column's values with the texts of its CSV, which are parsed a second time.

The first parser, which landed them, is in `parsing/values.py`. Nothing of it is used here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from stripe_reports.catalog import ColumnType, column_type, time_zone
from stripe_reports.errors import VerificationError

_TYPES: Mapping[ColumnType, pa.DataType] = {
    ColumnType.STRING: pa.string(),
    ColumnType.DECIMAL: pa.decimal128(38, 18),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
    ColumnType.TIMESTAMP_UTC: pa.timestamp("us", tz="UTC"),
}

_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_INTEGERS = range(-(2**63), 2**63)
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?)?)?"
)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # the texts have no zone either
_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS_A_DAY = 86_400_000_000
_LENGTH = 60


class ColumnComparison:
    """The comparison of one column of a table with its texts. Amounts are decimals in it, not floats."""

    def __init__(self, field: pa.Field, header: str) -> None:
        """Raise VerificationError if the column's type is not the one that its name in the CSV stands for."""
        expected = _TYPES[column_type(header)]
        if field.type != expected:
            raise VerificationError(f"column {field.name!r} is {field.type} and should be {expected}")
        self.name: str = field.name
        self.header = header
        self.is_shown = True
        """Whether messages may quote its values."""
        parse, self._stored_as = _READINGS[field.type]
        self._read = _Known(parse).__getitem__ if parse else None

    def expect_hashes(self, key: bytes) -> None:
        """Expect the HMAC-SHA-256 of each text in place of the text, and show neither of them."""
        self._read = _Hashes(key).__getitem__
        self.is_shown = False

    def first_difference(self, texts: Sequence[str | None], column: pa.ChunkedArray) -> int | None:
        """Return the first row that differs, or None. As a text, null differs from the empty text."""
        said = list(texts if self._read is None else map(self._read, texts))
        stored: list[Any] = column.cast(self._stored_as).to_pylist()
        if said == stored:
            return None
        return next(row for row, (a, b) in enumerate(zip(said, stored, strict=True)) if a != b)


def day_of_text(header: str, timezone: str) -> Callable[[str | None], date | None]:
    """Return a function from a text of the column to its day in a time zone; None if it has no day."""
    in_utc = column_type(header) is ColumnType.TIMESTAMP_UTC
    zone = time_zone(timezone)

    def day(text: str) -> date | None:
        microseconds = _timestamp(text)
        if microseconds is _UNFIT:
            return None
        instant: datetime = _EPOCH + microseconds * _MICROSECOND
        try:
            return (instant.replace(tzinfo=UTC).astimezone(zone) if in_utc else instant).date()
        except OverflowError:  # at either end of the calendar
            return None

    return _Known(day).__getitem__


def shown(value: str | pa.Scalar | None) -> str:
    """Format a text of a CSV, or a value of a table, for a message: null, 'text', 12.5."""
    if isinstance(value, pa.Scalar):
        if pa.types.is_decimal(value.type) and value.is_valid:
            return f"{value.as_py():f}".rstrip("0").rstrip(".")
        text = value.cast(pa.string()).as_py()
        if text is not None and value.type != pa.string():
            return str(text)
        value = text
    if value is None:
        return "null"
    quoted = repr(value)
    return quoted if len(quoted) <= _LENGTH else f"{quoted[:_LENGTH]}… ({len(value)} characters)"


class _Unfit:
    """The value of a text that does not fit its column. It equals no other value."""


_UNFIT = _Unfit()


class _Known(dict[str | None, Any]):
    """The values of texts, for columns other than text. Each text is read once, unless they are too many.

    The value of null is null, and so is that of the empty text: some of Stripe's CSVs quote missing values.
    """

    _MOST = 1 << 16
    _NULLS: Mapping[str | None, Any] = {None: None, "": None}

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__(self._NULLS)
        self._read = read

    def __missing__(self, text: str) -> Any:
        if len(self) > self._MOST:
            self.clear()
            self.update(self._NULLS)
        said = self[text] = self._read(text)
        return said


class _Hashes(_Known):
    """The pseudonyms of texts. The empty text is its own, and null is that of null."""

    _NULLS: Mapping[str | None, Any] = {None: None, "": ""}

    def __init__(self, key: bytes) -> None:
        keyed = hmac.new(key, digestmod=hashlib.sha256)

        def pseudonym(text: str) -> str:
            of_text = keyed.copy()
            of_text.update(text.encode())
            return f"pii_{of_text.hexdigest()}"

        super().__init__(pseudonym)


def _decimal(text: str) -> Any:
    return Decimal(text) if _NUMBER.fullmatch(text) else _UNFIT


def _integer(text: str) -> Any:
    if not _INTEGER.fullmatch(text) or (number := int(text)) not in _INTEGERS:
        return _UNFIT
    return number


def _boolean(text: str) -> Any:
    return {"true": True, "false": False}.get(text, _UNFIT)


def _timestamp(text: str) -> Any:
    """Return the microseconds since 1970, without regard to zones: `created` and `created_utc` read alike."""
    if not _TIMESTAMP.fullmatch(text):
        return _UNFIT
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND
    except ValueError:  # there is no 30 February
        return _UNFIT


def _date(text: str) -> Any:
    """Return the days since 1970."""
    instant = _timestamp(text)
    if instant is _UNFIT or instant % _MICROSECONDS_A_DAY:
        return _UNFIT
    return instant // _MICROSECONDS_A_DAY


_READINGS: Mapping[pa.DataType, tuple[Callable[[str], Any] | None, pa.DataType]] = {
    pa.string(): (None, pa.string()),
    pa.decimal128(38, 18): (_decimal, pa.decimal128(38, 18)),
    pa.int64(): (_integer, pa.int64()),
    pa.bool_(): (_boolean, pa.bool_()),
    pa.date32(): (_date, pa.int32()),
    pa.timestamp("us"): (_timestamp, pa.int64()),
    pa.timestamp("us", tz="UTC"): (_timestamp, pa.int64()),
}
"""The function that reads the texts of each type, and the type that its values are compared as. Instants are
compared as the numbers in the file, which no time zone can change on the way."""
