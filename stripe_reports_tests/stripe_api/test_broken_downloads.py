"""A download whose connection breaks goes on at the byte where it broke."""

from __future__ import annotations

import random
from typing import Any, Literal

import pytest

from stripe_reports.stripe_api import ResultFile, StripeApi, contents, open_result
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error
from stripe_reports_tests.served_file import ServedFile
from stripe_reports_tests.stripe_api.conftest import CONTENTS, KEY, read
from stripe_reports_tests.stripe_api.downloads import (
    CHUNK,
    DATA,
    LARGE,
    SIZE,
    in_one_chunk,
    requested_ranges,
    rest_from,
)


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("position", [1, 2, 100, SIZE - 1])
def test_after_a_break_only_the_bytes_behind_it_are_asked_for(
    api: StripeApi, server: ScriptedServer, no_pauses: None, position: int, end: Literal["close", "reset"]
) -> None:
    file = ServedFile(DATA, [position], end=end)
    server.answers("GET", CONTENTS, file)
    assert read(api, SIZE) == DATA
    assert file.ranges == [None, f"bytes={position}-"]
    assert file.sent == [range(position), range(position, SIZE)]


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_break_before_the_first_byte_is_asked_for_from_the_beginning(
    api: StripeApi, server: ScriptedServer, no_pauses: None, end: Literal["close", "reset"]
) -> None:
    file = ServedFile(DATA, [0, 0], end=end)
    server.answers("GET", CONTENTS, file)
    assert read(api, SIZE) == DATA
    assert file.ranges == [None, None, None]


def test_a_break_behind_the_last_byte_is_none(api: StripeApi, server: ScriptedServer) -> None:
    body = b"%x\r\n%b" % (SIZE, DATA)
    server.answers("GET", CONTENTS, Answer(body, headers={"Transfer-Encoding": "chunked"}, cut=len(body)))
    assert read(api, SIZE) == DATA
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
    file = ServedFile(DATA, breaks)
    server.answers("GET", CONTENTS, file)
    assert read(api, SIZE) == DATA
    assert [position for sent in file.sent for position in sent] == list(range(SIZE)), "each byte once"


@pytest.mark.parametrize("first", [1, CHUNK - 1, CHUNK, CHUNK + 1, len(LARGE) - 1])
@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_break_anywhere_in_a_chunk_loses_nothing(
    api: StripeApi, server: ScriptedServer, no_pauses: None, first: int, end: Literal["close", "reset"]
) -> None:
    # A reset may drop what the server has sent and the client has not read yet, which is then asked for.
    file = ServedFile(LARGE, [first, 1, CHUNK], end=end)
    server.answers("GET", CONTENTS, file)
    with open_result(api, ResultFile("file_1", len(LARGE), 1, None)) as chunks:
        came = list(chunks)
    assert b"".join(came) == LARGE
    assert max(map(len, came)) <= CHUNK
    if end == "close":
        assert sum(map(len, file.sent)) == len(LARGE), "no byte was sent twice"


@pytest.mark.parametrize("seed", range(25))
def test_whatever_happens_on_the_way_the_bytes_are_those_of_the_file(
    api: StripeApi, server: ScriptedServer, no_pauses: None, seed: int
) -> None:
    chance = random.Random(seed)
    data = chance.randbytes(chance.choice([1, 2, 1000, CHUNK, CHUNK + 1, 700_000]))
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
    file = ServedFile(DATA, [70], end="silence")
    server.answers("GET", CONTENTS, file)
    assert read(api, SIZE) == DATA
    assert file.ranges == [None, "bytes=70-"]


def test_an_answer_that_ends_early_without_an_error_is_a_break(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    server.answers("GET", CONTENTS, in_one_chunk(DATA[:70]), rest_from(70))
    assert read(api, SIZE) == DATA
    assert requested_ranges(server) == [None, "bytes=70-"]


def test_an_answer_in_http_chunks_that_is_cut_is_a_break(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    body = b"46\r\n%b\r\n" % DATA[:70]
    chunked = Answer(body, headers={"Transfer-Encoding": "chunked"}, cut=len(body))
    server.answers("GET", CONTENTS, chunked, rest_from(70))
    assert read(api, SIZE) == DATA
    assert requested_ranges(server) == [None, "bytes=70-"]


@pytest.mark.parametrize(
    "trouble",
    [Answer(status=500), Answer(status=503), Answer(status=429), Answer(status=404), Answer(reset=True)],
    ids=["500", "503", "429", "404", "no answer"],
)
def test_trouble_while_it_goes_on_is_asked_again_at_the_same_byte(
    api: StripeApi, server: ScriptedServer, no_pauses: None, trouble: Answer
) -> None:
    server.answers("GET", CONTENTS, Answer(DATA, cut=70), trouble, trouble, rest_from(70))
    assert read(api, SIZE) == DATA
    assert requested_ranges(server) == [None, "bytes=70-", "bytes=70-", "bytes=70-"]


def test_a_total_that_the_server_does_not_know_is_no_other_total(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    rest = Answer(DATA[70:], 206, {"Content-Range": f"bytes 70-{SIZE - 1}/*"})
    server.answers("GET", CONTENTS, Answer(DATA, cut=70), rest)
    assert read(api, SIZE) == DATA


def test_the_rest_is_asked_for_with_the_key_and_the_account(server: ScriptedServer, no_pauses: None) -> None:
    server.answers("GET", CONTENTS, ServedFile(DATA, [70]))
    read(StripeApi(KEY, files_base=server.base, stripe_account="acct_9"), SIZE)
    first, second = server.asked
    for name in ("Authorization", "Stripe-Account", "Accept-Encoding"):
        assert first.headers[name] == second.headers[name]


@pytest.mark.parametrize(
    ("etag", "condition"), [('"one"', '"one"'), ('W/"one"', None), (None, None)], ids=["strong", "weak", "no"]
)
def test_the_rest_is_asked_for_on_condition_that_the_file_is_the_same(
    api: StripeApi, server: ScriptedServer, no_pauses: None, etag: str | None, condition: str | None
) -> None:
    server.answers("GET", CONTENTS, ServedFile(DATA, [70], etag=etag))
    assert read(api, SIZE) == DATA
    assert [asked.headers.get("If-Range") for asked in server.asked] == [None, condition]


def test_the_condition_is_the_file_that_the_first_byte_came_from(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    server.answers(
        "GET", CONTENTS, ServedFile(b"-" * SIZE, [0], etag='"old"'), ServedFile(DATA, [70], etag='"new"')
    )
    assert read(api, SIZE) == DATA
    assert server.asked[-1].headers["If-Range"] == '"new"'
