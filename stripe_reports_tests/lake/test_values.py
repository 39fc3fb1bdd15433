"""Short ways to look at many values at once never let through what the long way would not."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stripe_reports.catalog import ColumnType
from stripe_reports.lake.parsing.values import MisfitError, convert, first_misfit

_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?")
_AMOUNT = st.from_regex(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", fullmatch=True)
_NEARLY = st.text("0123456789.-+eE x", max_size=22)


@settings(deadline=None, max_examples=500)
@given(
    st.lists(st.none() | _AMOUNT, max_size=4), st.none() | _NEARLY, st.lists(st.none() | _AMOUNT, max_size=4)
)
@example(["1"], ".5", [])
@example([], "5.", ["1"])
@example([None], ".5", [None])
@example(["1"], "-.5", [])
@example([], "", ["1"])
@example(["1"], "1.", ["5"])
@example([], "123456789012345678901", [])
@example([], "0.1234567890123456789", [])
def test_a_column_converts_if_and_only_if_each_text_is_a_decimal(
    before: list[str | None], text: str | None, after: list[str | None]
) -> None:
    texts = [*before, text, *after]
    fits = not text or _DECIMAL.fullmatch(text) is not None
    column = pa.chunked_array([pa.array(["x", *texts], pa.string()).slice(1)])
    assert first_misfit(column, ColumnType.DECIMAL) == (None if fits else len(before))
    if fits:
        values, quoted_empties = convert(column, ColumnType.DECIMAL)
        assert [None if value is None else f"{value:f}" for value in values.to_pylist()] == [
            _with_18_places(amount) if amount else None for amount in texts
        ]
        assert quoted_empties == texts.count("")
    else:
        with pytest.raises(MisfitError):
            convert(column, ColumnType.DECIMAL)


def _with_18_places(amount: str) -> str:
    """As text, without any arithmetic."""
    sign, digits = ("-", amount[1:]) if amount.startswith("-") else ("", amount)
    whole, _, fraction = digits.partition(".")
    whole = whole.lstrip("0") or "0"
    if not whole.strip("0") and not fraction.strip("0"):
        sign = ""  # Arrow's decimals know no minus zero
    return f"{sign}{whole}.{fraction.ljust(18, '0')}"
