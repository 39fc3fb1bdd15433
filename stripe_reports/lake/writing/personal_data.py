"""The personal data in tables of rows: hashed or dropped before anything is written."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from stripe_reports.catalog import ColumnType, personal_data
from stripe_reports.lake.parsing.schema import Column
from stripe_reports.lake.pii import PiiRule


class PersonalColumns:
    """The columns with personal data of one CSV, and what a rule does to them.

    With `hash`, each text becomes `pii_` and 64 hex digits: its HMAC-SHA-256. Equal texts get equal
    pseudonyms, in all columns and tables, so joins work. Null stays null, and the empty text stays empty,
    because neither says anything about a person, and both say that Stripe has no value. A column that is not
    text is dropped with `hash`, too.
    """

    def __init__(self, columns: Sequence[Column], rule: PiiRule) -> None:
        personal = [column for column in columns if rule.hides and personal_data(column.header)]
        self.headers = tuple(column.header for column in personal)
        """The names of the columns in the CSV. Empty if the rule keeps personal data."""
        self._pseudonyms = _Pseudonyms(rule.key)
        self._hashed = {
            column.name for column in personal if rule.policy == "hash" and column.type is ColumnType.STRING
        }
        self._dropped = [column.name for column in personal if column.name not in self._hashed]

    def schema(self, schema: pa.Schema) -> pa.Schema:
        """Return the schema of what lands, from that of the rows."""
        return pa.schema(field for field in schema if field.name not in self._dropped)

    def hide(self, rows: pa.Table) -> pa.Table:
        """Return what lands of these rows."""
        if not self.headers:
            return rows
        rows = rows.drop_columns(self._dropped)
        for number, field in enumerate(rows.schema):
            if field.name in self._hashed:
                rows = rows.set_column(number, field, self._pseudonyms.of(rows.column(number)))
        return rows


class _Pseudonyms(dict[bytes, bytes]):
    """The pseudonyms of texts. Each text is hashed once, unless they are too many to remember."""

    _MOST = 1 << 16

    def __init__(self, key: bytes) -> None:
        super().__init__({b"": b""})
        self._keyed = hmac.new(key, digestmod=hashlib.sha256)

    def of(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return the pseudonyms of a column."""
        return pa.chunked_array([self._of_chunk(chunk) for chunk in texts.chunks], pa.string())

    def _of_chunk(self, texts: pa.Array) -> pa.Array:
        coded = texts.dictionary_encode()
        known = list(map(self.__getitem__, coded.dictionary.cast(pa.binary()).to_pylist()))
        offsets = np.zeros(len(known) + 1, np.int32)
        np.cumsum(np.fromiter(map(len, known), np.int32, len(known)), out=offsets[1:])
        # Made from buffers, because pyarrow imports pandas to make them from Python's texts.
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(known))]
        return pa.Array.from_buffers(pa.string(), len(known), buffers).take(coded.indices)

    def __missing__(self, text: bytes) -> bytes:
        if len(self) > self._MOST:
            self.clear()
            self[b""] = b""
        of_text = self._keyed.copy()
        of_text.update(text)
        hashed = self[text] = b"pii_" + of_text.hexdigest().encode()
        return hashed
