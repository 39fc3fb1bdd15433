"""A rest of a file that does not fit the bytes before it is an error."""

from __future__ import annotations

import gzip

import pytest

from stripe_reports.errors import DownloadError, StripeRequestError
from stripe_reports.stripe_api import ResultFile, StripeApi, open_result
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error
from stripe_reports_tests.stripe_api.conftest import CONTENTS, KEY, read
from stripe_reports_tests.stripe_api.downloads import (
    DATA,
    LARGE,
    SIZE,
    in_one_chunk,
    read_fails,
    requested_ranges,
    rest_from,
)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(DATA), "answered 200 to a request for the rest"),
        (Answer(status=412), "answered 412 to a request for the rest"),
        (rest_from(70, ETag='"two"'), "has another ETag"),
        (rest_from(69), "Content-Range 'bytes 69-199/200'"),
        (rest_from(71), "Content-Range 'bytes 71-199/200'"),
        (rest_from(0), "Content-Range 'bytes 0-199/200'"),
        (rest_from(70, Content_Range="bytes 70-199/201"), "Content-Range 'bytes 70-199/201'"),
        (rest_from(70, Content_Range="bytes 70-199/20"), "Content-Range 'bytes 70-199/20'"),
        (rest_from(70, Content_Range="rows 70-199/200"), "Content-Range 'rows 70-199/200'"),
        (rest_from(70, Content_Range=f"bytes {KEY}"), r"Content-Range 'bytes sk_test_…'"),
        (Answer(DATA[70:], 206), "Content-Range ''"),
        (Answer(DATA[70:], 203), "Content-Range ''"),
        (rest_from(70, Content_Encoding="gzip"), "encodes the rest"),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
def test_bytes_that_do_not_fit_are_not_taken(
    api: StripeApi, server: ScriptedServer, no_pauses: None, answer: Answer, says: str
) -> None:
    server.answers("GET", CONTENTS, Answer(DATA, headers={"ETag": '"one"'}, cut=70), answer)
    came = []
    with (
        pytest.raises(DownloadError, match=says) as error,
        open_result(api, ResultFile("file_1", SIZE, 1, None)) as chunks,
    ):
        came += chunks
    assert b"".join(came) == DATA[:70]
    assert "file_1 stopped at 70 of 200 bytes" in str(error.value)
    assert error.value.worth_repeating
    assert len(server.asked) == 2, "it is not asked for again"


def test_a_part_in_place_of_the_whole_is_not_taken_for_its_beginning(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    server.answers("GET", CONTENTS, rest_from(100))
    read_fails(api, "stopped at 0 of 200 bytes")


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_of_the_rest_is_a_refusal(
    api: StripeApi, server: ScriptedServer, no_pauses: None, status: int
) -> None:
    server.answers("GET", CONTENTS, Answer(DATA, cut=70), Answer(stripe_error(f"No, {KEY}."), status))
    with pytest.raises(StripeRequestError, match=f"answered {status}") as refused:
        read(api, SIZE)
    assert KEY not in str(refused.value)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=416, headers={"Content-Range": "bytes */70"}),
        Answer(b"", 206, {"Content-Range": "bytes 70-199/200"}),
    ],
    ids=["416", "nothing"],
)
def test_a_file_that_is_shorter_than_stripe_says_is_truncated(
    api: StripeApi, server: ScriptedServer, no_pauses: None, answer: Answer
) -> None:
    server.answers("GET", CONTENTS, in_one_chunk(DATA[:70]), answer)
    assert read_fails(api, "truncated: 70 of 200 bytes arrived").worth_repeating
    assert len(server.asked) == 2


def test_an_empty_answer_is_truncated(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", CONTENTS, in_one_chunk(b""))
    read_fails(api, "truncated: 0 of 200 bytes arrived")
    assert len(server.asked) == 1


def test_more_bytes_than_the_rest_are_an_error(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    too_much = Answer(DATA[70:] + b"x", 206, {"Content-Range": f"bytes 70-{SIZE}/*"})
    server.answers("GET", CONTENTS, Answer(DATA, cut=70), too_much)
    read_fails(api, "should have 200 bytes, but at least 201 arrived")


def test_an_encoded_answer_is_decoded_and_never_continued(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    large = LARGE[:SIZE]
    encoded = gzip.compress(large, compresslevel=0)
    headers = {"Content-Encoding": "gzip", "ETag": '"one"'}
    server.answers(
        "GET", CONTENTS, Answer(encoded, headers=headers), Answer(encoded, headers=headers, cut=100)
    )
    assert read(api, SIZE) == large
    read_fails(api, "the files host encodes the file")
    assert requested_ranges(server) == [None, None]
