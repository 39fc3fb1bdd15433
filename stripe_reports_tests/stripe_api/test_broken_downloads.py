"""A connection that breaks: the stream goes on at the byte where it broke, or it is an error."""

from __future__ import annotations

import gzip
import random
import time
from dataclasses import replace
from typing import Any, Literal

import pytest

from stripe_reports.errors import CsvError, DownloadError, StripeRequestError
from stripe_reports.stripe_api import ResultFile, StripeApi, contents, open_result, result_file
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error
from stripe_reports_tests.served_file import ServedFile
from stripe_reports_tests.stripe_api.conftest import CONTENTS, KEY, read

_DATA = bytes(range(200))
_SIZE = len(_DATA)
_CHUNK = 1 << 18
_LARGE = random.Random(7).randbytes(3 * _CHUNK + 17)


def _part(first: int, data: bytes = _DATA, **headers: str) -> Answer:
    range_ = {"Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"}
    return Answer(
        data[first:], 206, range_ | {name.replace("_", "-"): text for name, text in headers.items()}
    )


def _chunked(data: bytes) -> Answer:
    """In one HTTP chunk: the server does not say how much it is."""
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n"
    return Answer(body, headers={"Transfer-Encoding": "chunked"})


def _ranges(server: ScriptedServer) -> list[str | None]:
    return [asked.headers.get("Range") for asked in server.asked]


def _fails(api: StripeApi, says: str) -> DownloadError:
    with pytest.raises(DownloadError, match=says) as error:
        read(api, _SIZE)
    assert "\n" not in str(error.value)
    assert "file_1" in str(error.value)
    assert KEY not in str(error.value)
    return error.value


# It goes on


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("position", [1, 2, 100, _SIZE - 1])
def test_after_a_break_only_the_bytes_behind_it_are_asked_for(
    api: StripeApi, server: ScriptedServer, no_pauses: None, position: int, end: Literal["close", "reset"]
) -> None:
    file = ServedFile(_DATA, [position], end=end)
    server.answers("GET", CONTENTS, file)
    assert read(api, _SIZE) == _DATA
    assert file.ranges == [None, f"bytes={position}-"]
    assert file.sent == [range(position), range(position, _SIZE)]


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_break_before_the_first_byte_is_asked_for_from_the_beginning(
    api: StripeApi, server: ScriptedServer, no_pauses: None, end: Literal["close", "reset"]
) -> None:
    file = ServedFile(_DATA, [0, 0], end=end)
    server.answers("GET", CONTENTS, file)
    assert read(api, _SIZE) == _DATA
    assert file.ranges == [None, None, None]


def test_a_break_behind_the_last_byte_is_none(api: StripeApi, server: ScriptedServer) -> None:
    body = b"%x\r\n%b" % (_SIZE, _DATA)
    server.answers("GET", CONTENTS, Answer(body, headers={"Transfer-Encoding": "chunked"}, cut=len(body)))
    assert read(api, _SIZE) == _DATA
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "breaks",
    [
        (3, 0, 0, 1, 50),
        (199, 0),
        (0, 1, 1, 1, 0, 196),
        tuple([1] * 150),
    ],
    ids=["some", "late", "early", "many"],
)
def test_it_goes_on_as_often_as_it_breaks(
    api: StripeApi, server: ScriptedServer, no_pauses: None, breaks: tuple[int, ...]
) -> None:
    file = ServedFile(_DATA, breaks)
    server.answers("GET", CONTENTS, file)
    assert read(api, _SIZE) == _DATA
    assert [position for sent in file.sent for position in sent] == list(range(_SIZE)), "each byte once"


@pytest.mark.parametrize("first", [1, _CHUNK - 1, _CHUNK, _CHUNK + 1, len(_LARGE) - 1])
@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_break_anywhere_in_a_chunk_loses_nothing(
    api: StripeApi, server: ScriptedServer, no_pauses: None, first: int, end: Literal["close", "reset"]
) -> None:
    # A reset may drop what the server has sent and the client has not read yet, which is then asked for.
    file = ServedFile(_LARGE, [first, 1, _CHUNK], end=end)
    server.answers("GET", CONTENTS, file)
    with open_result(api, ResultFile("file_1", len(_LARGE), 1, None)) as chunks:
        came = list(chunks)
    assert b"".join(came) == _LARGE
    assert max(map(len, came)) <= _CHUNK
    if end == "close":
        assert sum(map(len, file.sent)) == len(_LARGE), "no byte was sent twice"


@pytest.mark.parametrize("seed", range(25))
def test_whatever_happens_on_the_way_the_bytes_are_those_of_the_file(
    api: StripeApi, server: ScriptedServer, no_pauses: None, seed: int
) -> None:
    chance = random.Random(seed)
    data = chance.randbytes(chance.choice([1, 2, 1000, _CHUNK, _CHUNK + 1, 700_000]))
    cuts = [chance.choice([1, chance.randint(1, len(data))]) for _ in range(chance.randrange(12))]
    cuts[1::2] = [chance.choice([0, cut]) for cut in cuts[1::2]]
    served = ServedFile(data, cuts, end=chance.choice(["close", "reset"]), etag=chance.choice([None, '"1"']))
    troubles = [Answer(status=503), Answer(status=429), Answer(reset=True), Answer(stripe_error("late"), 404)]
    script: list[Any] = []
    for _ in range(20):
        script += chance.sample(troubles, chance.randrange(3))
        script.append(served)
    server.answers("GET", CONTENTS, *script)
    assert read(api, len(data)) == data


def test_a_server_that_falls_silent_is_left(
    api: StripeApi, server: ScriptedServer, no_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "_CONNECT_AND_READ_TIMEOUT", (5.0, 0.2))
    file = ServedFile(_DATA, [70], end="silence")
    server.answers("GET", CONTENTS, file)
    assert read(api, _SIZE) == _DATA
    assert file.ranges == [None, "bytes=70-"]


def test_an_answer_that_ends_early_without_an_error_is_a_break(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    server.answers("GET", CONTENTS, _chunked(_DATA[:70]), _part(70))
    assert read(api, _SIZE) == _DATA
    assert _ranges(server) == [None, "bytes=70-"]


def test_an_answer_in_http_chunks_that_is_cut_is_a_break(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    body = b"46\r\n%b\r\n" % _DATA[:70]
    chunked = Answer(body, headers={"Transfer-Encoding": "chunked"}, cut=len(body))
    server.answers("GET", CONTENTS, chunked, _part(70))
    assert read(api, _SIZE) == _DATA
    assert _ranges(server) == [None, "bytes=70-"]


@pytest.mark.parametrize(
    "trouble",
    [Answer(status=500), Answer(status=503), Answer(status=429), Answer(status=404), Answer(reset=True)],
    ids=["500", "503", "429", "404", "no answer"],
)
def test_trouble_while_it_goes_on_is_asked_again_at_the_same_byte(
    api: StripeApi, server: ScriptedServer, no_pauses: None, trouble: Answer
) -> None:
    server.answers("GET", CONTENTS, Answer(_DATA, cut=70), trouble, trouble, _part(70))
    assert read(api, _SIZE) == _DATA
    assert _ranges(server) == [None, "bytes=70-", "bytes=70-", "bytes=70-"]


def test_a_total_that_the_server_does_not_know_is_no_other_total(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    rest = Answer(_DATA[70:], 206, {"Content-Range": f"bytes 70-{_SIZE - 1}/*"})
    server.answers("GET", CONTENTS, Answer(_DATA, cut=70), rest)
    assert read(api, _SIZE) == _DATA


def test_the_rest_is_asked_for_with_the_key_and_the_account(server: ScriptedServer, no_pauses: None) -> None:
    server.answers("GET", CONTENTS, ServedFile(_DATA, [70]))
    read(StripeApi(KEY, files_base=server.base, stripe_account="acct_9"), _SIZE)
    first, second = server.asked
    for name in ("Authorization", "Stripe-Account", "Accept-Encoding"):
        assert first.headers[name] == second.headers[name]


@pytest.mark.parametrize(
    ("etag", "condition"), [('"one"', '"one"'), ('W/"one"', None), (None, None)], ids=["strong", "weak", "no"]
)
def test_the_rest_is_asked_for_on_condition_that_the_file_is_the_same(
    api: StripeApi, server: ScriptedServer, no_pauses: None, etag: str | None, condition: str | None
) -> None:
    server.answers("GET", CONTENTS, ServedFile(_DATA, [70], etag=etag))
    assert read(api, _SIZE) == _DATA
    assert [asked.headers.get("If-Range") for asked in server.asked] == [None, condition]


def test_the_condition_is_the_file_that_the_first_byte_came_from(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    server.answers(
        "GET", CONTENTS, ServedFile(b"-" * _SIZE, [0], etag='"old"'), ServedFile(_DATA, [70], etag='"new"')
    )
    assert read(api, _SIZE) == _DATA
    assert server.asked[-1].headers["If-Range"] == '"new"'


# It cannot go on


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(_DATA), "answered 200 to a request for the rest"),
        (Answer(status=412), "answered 412 to a request for the rest"),
        (_part(70, ETag='"two"'), "has another ETag"),
        (_part(69), "Content-Range 'bytes 69-199/200'"),
        (_part(71), "Content-Range 'bytes 71-199/200'"),
        (_part(0), "Content-Range 'bytes 0-199/200'"),
        (_part(70, Content_Range="bytes 70-199/201"), "Content-Range 'bytes 70-199/201'"),
        (_part(70, Content_Range="bytes 70-199/20"), "Content-Range 'bytes 70-199/20'"),
        (_part(70, Content_Range="rows 70-199/200"), "Content-Range 'rows 70-199/200'"),
        (_part(70, Content_Range=f"bytes {KEY}"), r"Content-Range 'bytes sk_test_…'"),
        (Answer(_DATA[70:], 206), "Content-Range ''"),
        (Answer(_DATA[70:], 203), "Content-Range ''"),
        (_part(70, Content_Encoding="gzip"), "encodes the rest"),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
def test_bytes_that_do_not_fit_are_not_taken(
    api: StripeApi, server: ScriptedServer, no_pauses: None, answer: Answer, says: str
) -> None:
    server.answers("GET", CONTENTS, Answer(_DATA, headers={"ETag": '"one"'}, cut=70), answer)
    came = []
    with (
        pytest.raises(DownloadError, match=says) as error,
        open_result(api, ResultFile("file_1", _SIZE, 1, None)) as chunks,
    ):
        came += chunks
    assert b"".join(came) == _DATA[:70]
    assert "file_1 stopped at 70 of 200 bytes" in str(error.value)
    assert error.value.worth_repeating
    assert len(server.asked) == 2, "it is not asked for again"


def test_a_part_in_place_of_the_whole_is_not_taken_for_its_beginning(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    server.answers("GET", CONTENTS, _part(100))
    _fails(api, "stopped at 0 of 200 bytes")


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_of_the_rest_is_a_refusal(
    api: StripeApi, server: ScriptedServer, no_pauses: None, status: int
) -> None:
    server.answers("GET", CONTENTS, Answer(_DATA, cut=70), Answer(stripe_error(f"No, {KEY}."), status))
    with pytest.raises(StripeRequestError, match=f"answered {status}") as refused:
        read(api, _SIZE)
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
    server.answers("GET", CONTENTS, _chunked(_DATA[:70]), answer)
    assert _fails(api, "truncated: 70 of 200 bytes arrived").worth_repeating
    assert len(server.asked) == 2


def test_an_empty_answer_is_truncated(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", CONTENTS, _chunked(b""))
    _fails(api, "truncated: 0 of 200 bytes arrived")
    assert len(server.asked) == 1


def test_more_bytes_than_the_rest_are_an_error(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    too_much = Answer(_DATA[70:] + b"x", 206, {"Content-Range": f"bytes 70-{_SIZE}/*"})
    server.answers("GET", CONTENTS, Answer(_DATA, cut=70), too_much)
    _fails(api, "should have 200 bytes, but at least 201 arrived")


def test_an_encoded_answer_is_decoded_and_never_continued(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    large = _LARGE[:_SIZE]
    encoded = gzip.compress(large, compresslevel=0)
    headers = {"Content-Encoding": "gzip", "ETag": '"one"'}
    server.answers(
        "GET", CONTENTS, Answer(encoded, headers=headers), Answer(encoded, headers=headers, cut=100)
    )
    assert read(api, _SIZE) == large
    _fails(api, "the files host encodes the file")
    assert _ranges(server) == [None, None]


# It is something else


_PAGE = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>"
_ERROR = b'{"error": {"type": "api_error", "message": "Sorry."}}'
_ELSE = {
    "HTML": Answer(_PAGE),
    "HTML by its type": Answer(b"Please log in" + bytes(_SIZE - 13), headers={"Content-Type": "text/html;x"}),
    "HTML as long as the file": Answer(_PAGE.ljust(_SIZE)),
    "HTML of unknown length": _chunked(b"\n " + _PAGE),
    "an error": Answer(_ERROR),
    "an error as long as the file": Answer(_ERROR.ljust(_SIZE), headers={"Content-Type": "text/csv"}),
    "less": Answer(_DATA[:-1]),
    "more": Answer(_DATA + b"x"),
    "nothing": Answer(b""),
}


@pytest.mark.parametrize("answer", _ELSE.values(), ids=_ELSE)
def test_something_else_than_the_file_is_asked_for_again(
    api: StripeApi, server: ScriptedServer, no_pauses: None, answer: Answer
) -> None:
    server.answers("GET", CONTENTS, answer, answer, Answer(_DATA))
    assert read(api, _SIZE) == _DATA
    assert _ranges(server) == [None, None, None]


@pytest.mark.parametrize("answer", _ELSE.values(), ids=_ELSE)
def test_something_else_that_stays_is_given_up(
    api: StripeApi, server: ScriptedServer, no_pauses: None, answer: Answer
) -> None:
    server.answers("GET", CONTENTS, answer)
    error = _fails(
        api, r"sent (HTML|JSON|\d+ bytes) in place of file_1, which has 200 bytes; gave up with 0 of"
    )
    assert len(server.asked) == 8
    assert not error.worth_repeating


def _misfit(api: StripeApi, size: int) -> None:
    """Read a first chunk and find that it is no CSV."""
    with open_result(api, ResultFile("file_1", size, 1, None)) as chunks:
        next(chunks)
        raise CsvError("line 1 is none")


@pytest.mark.parametrize("size", [_SIZE - 1, _SIZE + 1])
def test_what_does_not_fit_and_has_another_length_is_trouble_and_no_bad_data(
    api: StripeApi, server: ScriptedServer, size: int
) -> None:
    server.answers("GET", CONTENTS, _chunked(_LARGE + _DATA), Answer(status=416))
    with pytest.raises(DownloadError) as error:
        _misfit(api, len(_LARGE) + size)
    assert isinstance(error.value.__cause__, CsvError)
    assert error.value.worth_repeating


@pytest.mark.parametrize("answer", [_chunked(_DATA), Answer(_DATA)], ids=["unknown length", "known length"])
def test_what_does_not_fit_and_has_its_length_is_bad_data(
    api: StripeApi, server: ScriptedServer, answer: Answer
) -> None:
    server.answers("GET", CONTENTS, answer)
    with pytest.raises(CsvError, match="line 1 is none"):
        _misfit(api, _SIZE)


# It is not asked for forever


def test_a_download_that_drips_is_left(
    api: StripeApi, server: ScriptedServer, no_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_file, "_PATIENCE_SECONDS", 0.5)
    server.answers("GET", CONTENTS, Answer(_DATA, drip=20))
    error = _fails(
        api, r"file_1 is too slow: \d+ of 200 bytes arrived, less than 300 KiB of them in the last 0.5 s"
    )
    assert not error.worth_repeating
    assert len(server.asked) == 1


def test_a_download_that_drips_over_many_connections_is_left(
    api: StripeApi, server: ScriptedServer, no_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_file, "_PATIENCE_SECONDS", 0.5)
    file = ServedFile(_DATA, [1] * _SIZE)
    server.answers("GET", CONTENTS, lambda asked: replace(file(asked), drip=20))
    _fails(api, "file_1 is too slow")
    assert len(server.asked) < 50


def test_a_download_that_goes_on_is_not_left_however_long_it_takes(
    api: StripeApi, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_file, "_PATIENCE_SECONDS", 2.0)
    monkeypatch.setattr(result_file, "_PATIENCE_BYTES", 5)
    began = time.monotonic()
    server.answers("GET", CONTENTS, Answer(_DATA, drip=70))
    assert read(api, _SIZE) == _DATA
    assert time.monotonic() - began > 2.0, "longer than the bound, so that it was renewed"


def test_what_is_done_with_the_bytes_is_no_waiting(
    api: StripeApi, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_file, "_PATIENCE_SECONDS", 1.0)
    server.answers("GET", CONTENTS, Answer(_LARGE))
    with open_result(api, ResultFile("file_1", len(_LARGE), 1, None)) as chunks:
        came = next(chunks)
        time.sleep(1.1)
        came += b"".join(chunks)
    assert came == _LARGE


def test_a_server_that_never_answers_is_asked_eight_times(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    server.answers("GET", CONTENTS, Answer(reset=True))
    error = _fails(api, "no answer from .* gave up with 0 of 200 bytes of file_1 after 8 requests: check the")
    assert len(server.asked) == 8
    assert not error.worth_repeating


def test_a_break_without_a_byte_counts_as_no_answer(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    server.answers("GET", CONTENTS, Answer(_DATA, cut=0))
    assert not _fails(api, r"broke off \(.*\); gave up with 0 of 200 bytes .* 8 requests").worth_repeating
    assert len(server.asked) == 8


@pytest.mark.parametrize(
    "trouble",
    [Answer(status=503), replace(_part(70), cut=0)],
    ids=["503", "no byte"],
)
def test_a_break_and_seven_requests_in_vain_are_enough(
    api: StripeApi, server: ScriptedServer, no_pauses: None, trouble: Answer
) -> None:
    server.answers("GET", CONTENTS, Answer(_DATA, cut=70), trouble)
    error = _fails(api, "gave up with 70 of 200 bytes of file_1 after 8 requests")
    assert _ranges(server) == [None] + ["bytes=70-"] * 7
    assert error.worth_repeating, "the server may refuse ranges only"


def test_each_byte_that_comes_lets_the_attempts_count_anew(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    trouble = [Answer(status=503)] * 6
    served = ServedFile(_DATA, [1, 1, 1])
    server.answers("GET", CONTENTS, *trouble, *([served, *trouble] * 3), served)
    assert read(api, _SIZE) == _DATA
    assert len(server.asked) == 4 * 6 + 4


def test_a_server_that_gives_a_byte_at_a_time_is_given_up(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    data = bytes(300)
    server.answers("GET", CONTENTS, ServedFile(data, [1] * 300))
    with pytest.raises(
        DownloadError, match="gave up with 200 of 300 bytes of file_1 after 200 requests"
    ) as e:
        read(api, len(data))
    assert len(server.asked) == 200
    assert not e.value.worth_repeating


def test_there_is_a_pause_before_it_goes_on(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", CONTENTS, ServedFile(_DATA, [70]))
    assert read(api, _SIZE) == _DATA
    assert server.asked[1].at - server.asked[0].at >= 0.5


@pytest.mark.parametrize("came", [0, 70])
def test_the_pause_is_as_long_as_the_server_asks_for(
    api: StripeApi, server: ScriptedServer, came: int
) -> None:
    served = ServedFile(_DATA, [came] if came else [])
    too_fast = Answer(stripe_error("Slow down."), 429, {"Retry-After": "2"})
    server.answers("GET", CONTENTS, *([served] if came else []), too_fast, served)
    assert read(api, _SIZE) == _DATA
    assert server.asked[-1].at - server.asked[-2].at >= 2
