"""Quotes and newlines are found in raw bytes, wherever these are cut."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.lake.scan import Scan

_STRAY = re.compile(rb'[^",\n]"[^",\n]')


def _scanned(data: bytes, cuts: list[int]) -> Scan:
    scan = Scan()
    bounds = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    for start, end in pairwise(bounds):
        scan.add(bytearray(data), start, end)
    return scan


@settings(deadline=None, max_examples=300)
@given(st.text('",\nab\r', max_size=40).map(str.encode), st.lists(st.integers(0, 40), max_size=6))
def test_every_quote_and_newline_is_found_however_the_bytes_are_cut(data: bytes, cuts: list[int]) -> None:
    scan = _scanned(data, cuts)
    assert (scan.quotes, scan.newlines) == (data.count(b'"'), data.count(b"\n"))
    assert scan.stray_quote is (_STRAY.search(data) is not None)


@pytest.mark.parametrize("distance", [-2, -1, 0, 1, 2])
def test_a_stray_quote_is_found_where_two_looks_meet(distance: int) -> None:
    data = bytearray(b"x" * 200_000)
    data[65536 + distance] = ord('"')
    assert _scanned(bytes(data), []).stray_quote
    data[65536 + distance + 1] = ord(",")
    assert not _scanned(bytes(data), []).stray_quote


def test_what_lies_behind_the_end_is_not_looked_at() -> None:
    scan = Scan()
    scan.add(bytearray(b'"a",\n"b"c"\n'), 0, 5)
    assert scan == Scan(quotes=2, newlines=1)
