"""Row ends and damage are found in raw bytes, wherever these are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stripe_reports.lake.parsing.scan import Scan

_PIECE = 256 << 10


def _scanned(data: bytes, cuts: list[int]) -> Scan:
    scan = Scan()
    bounds = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    for start, end in pairwise(bounds):
        scan.add(bytearray(data), start, end)
    return scan


def _read_byte_by_byte(data: bytes) -> tuple[bool, int | None, int | None]:
    """Whether it ends inside quotes, and where the first damage and the first empty line are."""
    inside, damage, empty = False, None, None
    for place, byte in enumerate(data):
        before = data[place - 1 : place]
        behind_field = not inside and before == b'"'
        wrong = before == b"\r" and not inside and byte != ord("\n")
        if byte == ord('"'):
            if inside:
                inside = False
            else:
                wrong = wrong or before not in (b"", b",", b"\n", b'"')
                inside = True
        elif not inside:
            wrong = wrong or (behind_field and byte not in b",\n\r")
            if byte in b"\r\n" and before in (b"", b"\n") and empty is None:
                empty = place
        if wrong and damage is None:
            damage = place
    return inside, damage, empty


@settings(deadline=None, max_examples=500)
@given(st.text('",\nab\r', max_size=150).map(str.encode), st.lists(st.integers(0, 150), max_size=6))
@example(b'"a"\n' * 16 + b'"b"c', [])
@example(b'"a""b"\r\n"",""\n', [3])
@example(b"a\rb", [2])
def test_damage_is_found_as_by_a_reader_of_single_bytes(data: bytes, cuts: list[int]) -> None:
    scan = _scanned(data, cuts)
    assert scan.newlines == data.count(b"\n")
    inside, damage, empty = _read_byte_by_byte(data)
    assert (scan.inside, scan.damage_at) == (inside, damage)
    if damage is None:  # behind it nobody knows what is quoted
        assert scan.empty_line_at == empty


@pytest.mark.parametrize("distance", range(-3, 4))
@pytest.mark.parametrize("wrong", [b'x"x', b'"",""5', b"\n\n", b"\rx", b'"\r"', b'""\r'])
def test_damage_is_found_where_two_pieces_meet(distance: int, wrong: bytes) -> None:
    row = b'"abc",def\n'
    rows = row * (_PIECE // len(row))
    rest = b"y" * (_PIECE % len(row) + distance) + b"\n" + wrong + b",\n"
    _, damage, empty = _read_byte_by_byte(rest)
    scan = _scanned(rows + rest, [])
    assert scan.damage_at == (damage and len(rows) + damage)
    assert scan.empty_line_at == (empty and len(rows) + empty)


def test_what_lies_behind_the_end_is_not_looked_at() -> None:
    scan = Scan()
    scan.add(bytearray(b'"a",\n"b"c"\n'), 0, 5)
    assert (scan.inside, scan.newlines, scan.damage_at) == (False, 1, None)
