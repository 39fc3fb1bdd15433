"""The limits of a download: how slow it may be, how often it is requested, how long it pauses."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from stripe_reports.errors import DownloadError
from stripe_reports.stripe_api import ResultFile, StripeApi, open_result, result_file
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error
from stripe_reports_tests.served_file import ServedFile
from stripe_reports_tests.stripe_api.conftest import CONTENTS, read
from stripe_reports_tests.stripe_api.downloads import (
    DATA,
    LARGE,
    SIZE,
    read_fails,
    requested_ranges,
    rest_from,
)


def test_a_download_that_drips_is_left(
    api: StripeApi, server: ScriptedServer, no_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_file, "_PATIENCE_SECONDS", 0.5)
    server.answers("GET", CONTENTS, Answer(DATA, drip=20))
    error = read_fails(
        api, r"file_1 is too slow: \d+ of 200 bytes arrived, less than 300 KiB of them in the last 0.5 s"
    )
    assert not error.worth_repeating
    assert len(server.asked) == 1


def test_a_download_that_drips_over_many_connections_is_left(
    api: StripeApi, server: ScriptedServer, no_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_file, "_PATIENCE_SECONDS", 0.5)
    file = ServedFile(DATA, [1] * SIZE)
    server.answers("GET", CONTENTS, lambda asked: replace(file(asked), drip=20))
    read_fails(api, "file_1 is too slow")
    assert len(server.asked) < 50


def test_a_download_that_goes_on_is_not_left_however_long_it_takes(
    api: StripeApi, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_file, "_PATIENCE_SECONDS", 2.0)
    monkeypatch.setattr(result_file, "_PATIENCE_BYTES", 5)
    began = time.monotonic()
    server.answers("GET", CONTENTS, Answer(DATA, drip=70))
    assert read(api, SIZE) == DATA
    assert time.monotonic() - began > 2.0, "longer than the bound, so that it was renewed"


def test_what_is_done_with_the_bytes_is_no_waiting(
    api: StripeApi, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_file, "_PATIENCE_SECONDS", 1.0)
    server.answers("GET", CONTENTS, Answer(LARGE))
    with open_result(api, ResultFile("file_1", len(LARGE), 1, None)) as chunks:
        came = next(chunks)
        time.sleep(1.1)
        came += b"".join(chunks)
    assert came == LARGE


def test_a_server_that_never_answers_is_asked_eight_times(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    server.answers("GET", CONTENTS, Answer(reset=True))
    error = read_fails(
        api, "no answer from .* gave up with 0 of 200 bytes of file_1 after 8 requests: check the"
    )
    assert len(server.asked) == 8
    assert not error.worth_repeating


def test_a_break_without_a_byte_counts_as_no_answer(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    server.answers("GET", CONTENTS, Answer(DATA, cut=0))
    assert not read_fails(api, r"broke off \(.*\); gave up with 0 of 200 bytes .* 8 requests").worth_repeating
    assert len(server.asked) == 8


@pytest.mark.parametrize(
    "trouble",
    [Answer(status=503), replace(rest_from(70), cut=0)],
    ids=["503", "no byte"],
)
def test_a_break_and_seven_requests_in_vain_are_enough(
    api: StripeApi, server: ScriptedServer, no_pauses: None, trouble: Answer
) -> None:
    server.answers("GET", CONTENTS, Answer(DATA, cut=70), trouble)
    error = read_fails(api, "gave up with 70 of 200 bytes of file_1 after 8 requests")
    assert requested_ranges(server) == [None] + ["bytes=70-"] * 7
    assert error.worth_repeating, "the server may refuse ranges only"


def test_each_byte_that_comes_lets_the_attempts_count_anew(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    trouble = [Answer(status=503)] * 6
    served = ServedFile(DATA, [1, 1, 1])
    server.answers("GET", CONTENTS, *trouble, *([served, *trouble] * 3), served)
    assert read(api, SIZE) == DATA
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
    server.answers("GET", CONTENTS, ServedFile(DATA, [70]))
    assert read(api, SIZE) == DATA
    assert server.asked[1].at - server.asked[0].at >= 0.5


@pytest.mark.parametrize("came", [0, 70])
def test_the_pause_is_as_long_as_the_server_asks_for(
    api: StripeApi, server: ScriptedServer, came: int
) -> None:
    served = ServedFile(DATA, [came] if came else [])
    too_fast = Answer(stripe_error("Slow down."), 429, {"Retry-After": "2"})
    server.answers("GET", CONTENTS, *([served] if came else []), too_fast, served)
    assert read(api, SIZE) == DATA
    assert server.asked[-1].at - server.asked[-2].at >= 2
