"""The second reader of CSVs: RFC 4180 and nothing else, null and empty apart, with the right lines."""

from __future__ import annotations

import csv as python_csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stripe_reports.errors import CsvError
from stripe_reports.lake.proving.csv_reader import CsvBlock, read_csv
from stripe_reports_tests.lake.support import in_chunks

_Rows = list[list[str | None]]


def _read(csv: bytes, *, chunk: int = 1 << 20, **limits: int) -> tuple[list[str | None], _Rows]:
    names, blocks = read_csv(in_chunks(csv, chunk), **limits)
    rows = [
        block.fields[row * block.width : (row + 1) * block.width]
        for block in blocks
        for row in range(block.rows)
    ]
    return names, rows


def _refused(csv: bytes, **limits: int) -> str:
    with pytest.raises(CsvError) as caught:
        _read(csv, **limits)
    assert "\n" not in str(caught.value)
    return str(caught.value)


_FIELDS = st.none() | st.text(st.sampled_from('a ü😀,"\r\n\ufeff\u2028\x00'), max_size=8)


@st.composite
def _csvs(draw: st.DrawFn) -> tuple[bytes, _Rows]:
    """A CSV and its fields, of which those that need no quotes may have none."""
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(_FIELDS, min_size=width, max_size=width), max_size=12))
    header: list[str | None] = [f"c{number}" for number in range(width)]
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = []
    for row in [header, *rows]:
        texts = []
        for field in row:
            bare = bool(field) and not set(field or "") & set('",\r\n') and draw(st.booleans())
            quoted = '"' + (field or "").replace('"', '""') + '"'
            texts.append("" if field is None else str(field) if bare else quoted)
        lines.append(",".join(texts) + line_end)
    text = draw(st.sampled_from(["", "\ufeff"])) + "".join(lines)
    if draw(st.booleans()) and text.endswith(f'"{line_end}'):
        text = text.removesuffix(line_end)
    return text.encode(), [header, *rows]


@settings(deadline=None, max_examples=300)
@given(_csvs(), st.integers(1, 40), st.integers(1, 60))
def test_fields_are_what_was_written_wherever_it_is_cut(
    written: tuple[bytes, _Rows], chunk: int, block_chars: int
) -> None:
    csv, rows = written
    assert _read(csv, chunk=chunk, block_chars=block_chars) == (rows[0], rows[1:])


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from('a,"\r\n'), max_size=12).map(lambda text: "a,b\n" + text), st.integers(1, 20))
@example('a,b\n"a""b",\n', 1)
def test_what_it_takes_python_takes_too_and_reads_the_same(text: str, block_chars: int) -> None:
    try:
        names, rows = _read(text.encode(), block_chars=block_chars)
    except CsvError:
        return
    by_python = list(python_csv.reader(io.StringIO(text, newline=""), strict=True))
    assert [[field or "" for field in row] for row in [names, *rows]] == by_python


@settings(deadline=None)
@given(st.lists(st.tuples(_FIELDS, _FIELDS), max_size=10), st.integers(1, 30))
def test_the_line_of_every_field_is_known(
    rows: list[tuple[str | None, str | None]], block_chars: int
) -> None:
    lines: list[list[int]] = []
    text = "a,b\n"
    for row in rows:
        places = []
        for field in row:
            places.append(text.count("\n") + 1)
            text += ("" if field is None else '"' + field.replace('"', '""') + '"') + ","
        text = text[:-1] + "\n"
        lines.append(places)
    _, blocks = read_csv([text.encode()], block_chars=block_chars)
    found = [[block.line(row, column) for column in (0, 1)] for block in blocks for row in range(block.rows)]
    assert found == lines


def test_null_and_the_empty_text_are_two_things() -> None:
    assert _read(b'a,b\n,""\n"",\n')[1] == [[None, ""], ["", None]]
    assert _read(b'a\n\n""\n')[1] == [[None], [""]], "with one column an empty line is a row"


def test_the_last_line_may_lack_its_end_and_there_may_be_no_row() -> None:
    assert _read(b"a,b\n1,") == (["a", "b"], [["1", None]])
    assert _read(b"a,b") == _read(b'"a","b"\r\n') == (["a", "b"], [])


@pytest.mark.parametrize(
    ("csv", "says"),
    [
        (b"", "empty, without even a header"),
        (b'a,b\n1,2\n"1"x,2\n', "line 3 of the CSV has a quote that neither frames"),
        (b'a,b\n1,2\n1,x"2"\n', "line 3 of the CSV has a quote that neither frames"),
        (b'a,b\n1,2\n1,2"\n3,4"\n', "line 3 of the CSV has a quote that neither frames"),
        (b'a,b\n"1\n1","2" \n', "line 3 of the CSV has a quote that neither frames"),
        (b'a,b\n"1\n""1", "2"\n', "line 3 of the CSV has a quote that neither frames"),
        (b'x"a",b\n', "line 1 of the CSV has a quote that neither frames"),
        (b'a,b\n"1\n1",2\r3,4\n', "line 3 of the CSV has a carriage return that no newline follows"),
        (b'a,b\n"1",2\r\r\n', "line 2 of the CSV has a carriage return that no newline follows"),
        (b'a,b\n"1",2\n\n"3",4\n', "the row on line 3 of the CSV has 1 field where the header has 2"),
        (b'a,b\n"1\n",2\n3,4,5\n', "the row on line 4 of the CSV has 3 fields where the header has 2"),
        (b"a,b\n1,2\n3\n4,5,6\n", "the row on line 3 of the CSV has 1 field where the header has 2"),
        (b'a,b\n1,"2\n', "the CSV ends inside a quoted field that starts on line "),
        (b"a,b\n1,2\n3,\xff\n", "line 3 of the CSV is not text in UTF-8"),
        (b"a,b\n1,2\n3,\xc3", "line 3 of the CSV is not text in UTF-8"),
    ],
)
@pytest.mark.parametrize("block_chars", [1, 1 << 20])
def test_anything_else_is_refused_with_its_line(csv: bytes, says: str, block_chars: int) -> None:
    assert says in _refused(csv, block_chars=block_chars)


def test_what_the_chunks_raise_comes_through() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"a\n1\n"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(read_csv(chunks(), block_chars=1)[1])


def test_a_row_that_does_not_end_is_given_up() -> None:
    csv = b'a,b\n1,2\n3,"' + b"x" * 100_000
    assert "no row ends within" in _refused(csv, chunk=1000, block_chars=10, row_limit_chars=5000)
    assert "from line 3 on" in _refused(csv, chunk=1000, block_chars=10, row_limit_chars=5000)


def test_a_long_field_full_of_quotes_and_lines_passes() -> None:
    field = 'line, "quoted"\n' * 300_000
    csv = f'a,b\n"{field.replace(chr(34), chr(34) * 2)}",1\n'.encode()
    assert _read(csv, block_chars=1 << 16)[1] == [[field, "1"]]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"a,b\n"
        for number in range(50):
            yield b'"%d","x""y\n"\n' % number * 5000

    tracemalloc.start()
    rows = sum(block.rows for block in read_csv(chunks(), block_chars=1 << 16)[1])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 250_000
    assert peak < 8 << 20


def test_a_block_gives_columns() -> None:
    block = CsvBlock(["1", None, "2", "x"], 2, 7)
    assert (block.rows, block.column(0), block.column(1)) == (2, ["1", "2"], [None, "x"])
    assert [block.line(row) for row in (0, 1, 2)] == [7, 8, 9]
