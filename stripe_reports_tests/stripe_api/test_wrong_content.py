"""Content that is not the file is downloaded again, and given up if it stays."""

from __future__ import annotations

import pytest

from stripe_reports.errors import CsvError, DownloadError
from stripe_reports.stripe_api import ResultFile, StripeApi, open_result
from stripe_reports_tests.scripted_server import Answer, ScriptedServer
from stripe_reports_tests.stripe_api.conftest import CONTENTS, read
from stripe_reports_tests.stripe_api.downloads import (
    DATA,
    LARGE,
    SIZE,
    in_one_chunk,
    read_fails,
    requested_ranges,
)

_PAGE = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>"
_ERROR = b'{"error": {"type": "api_error", "message": "Sorry."}}'
_ELSE = {
    "HTML": Answer(_PAGE),
    "HTML by its type": Answer(b"Please log in" + bytes(SIZE - 13), headers={"Content-Type": "text/html;x"}),
    "HTML as long as the file": Answer(_PAGE.ljust(SIZE)),
    "HTML of unknown length": in_one_chunk(b"\n " + _PAGE),
    "an error": Answer(_ERROR),
    "an error as long as the file": Answer(_ERROR.ljust(SIZE), headers={"Content-Type": "text/csv"}),
    "less": Answer(DATA[:-1]),
    "more": Answer(DATA + b"x"),
    "nothing": Answer(b""),
}


@pytest.mark.parametrize("answer", _ELSE.values(), ids=_ELSE)
def test_something_else_than_the_file_is_asked_for_again(
    api: StripeApi, server: ScriptedServer, no_pauses: None, answer: Answer
) -> None:
    server.answers("GET", CONTENTS, answer, answer, Answer(DATA))
    assert read(api, SIZE) == DATA
    assert requested_ranges(server) == [None, None, None]


@pytest.mark.parametrize("answer", _ELSE.values(), ids=_ELSE)
def test_something_else_that_stays_is_given_up(
    api: StripeApi, server: ScriptedServer, no_pauses: None, answer: Answer
) -> None:
    server.answers("GET", CONTENTS, answer)
    error = read_fails(
        api, r"sent (HTML|JSON|\d+ bytes) in place of file_1, which has 200 bytes; gave up with 0 of"
    )
    assert len(server.asked) == 8
    assert not error.worth_repeating


def _misfit(api: StripeApi, size: int) -> None:
    """Read a first chunk and find that it is no CSV."""
    with open_result(api, ResultFile("file_1", size, 1, None)) as chunks:
        next(chunks)
        raise CsvError("line 1 is none")


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1])
def test_what_does_not_fit_and_has_another_length_is_trouble_and_no_bad_data(
    api: StripeApi, server: ScriptedServer, size: int
) -> None:
    server.answers("GET", CONTENTS, in_one_chunk(LARGE + DATA), Answer(status=416))
    with pytest.raises(DownloadError) as error:
        _misfit(api, len(LARGE) + size)
    assert isinstance(error.value.__cause__, CsvError)
    assert error.value.worth_repeating


@pytest.mark.parametrize("answer", [in_one_chunk(DATA), Answer(DATA)], ids=["unknown length", "known length"])
def test_what_does_not_fit_and_has_its_length_is_bad_data(
    api: StripeApi, server: ScriptedServer, answer: Answer
) -> None:
    server.answers("GET", CONTENTS, answer)
    with pytest.raises(CsvError, match="line 1 is none"):
        _misfit(api, SIZE)
