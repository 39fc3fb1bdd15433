"""The bytes of a result: authorized as Stripe documents it, streamed, and never taken for whole when cut."""

from __future__ import annotations

import base64

import pytest

from stripe_reports.errors import DownloadError, StripeRequestError
from stripe_reports.stripe_api import ResultFile, StripeApi, open_result
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, scripted_server, stripe_error
from stripe_reports_tests.stripe_api.conftest import CONTENTS, KEY, read
from stripe_reports_tests.waiting import PATIENCE


def test_the_key_is_the_user_name_and_the_password_is_empty(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", CONTENTS, Answer(b"0123456789"))
    assert read(api, 10) == b"0123456789"
    assert (
        server.asked[0].headers["Authorization"] == f"Basic {base64.b64encode(f'{KEY}:'.encode()).decode()}"
    )


def test_bytes_are_asked_for_as_they_are_and_all_of_them(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", CONTENTS, Answer(b"x"))
    read(api, 1)
    assert server.asked[0].headers["Accept-Encoding"] == "identity"
    assert "Range" not in server.asked[0].headers


def test_a_large_file_comes_in_chunks(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", CONTENTS, Answer(b"a" * 5_000_000))
    with open_result(api, ResultFile("file_1", 5_000_000, 1, None)) as chunks:
        sizes = [len(chunk) for chunk in chunks]
    assert set(sizes[:-1]) == {1 << 18}
    assert sum(sizes) == 5_000_000


def test_chunks_come_while_the_server_still_has_more(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", CONTENTS, Answer(b"a" * 600_000, cut=1 << 18, end="silence"))
    with open_result(api, ResultFile("file_1", 600_000, 1, None)) as chunks:
        assert len(next(chunks)) == 1 << 18
        assert not server.left_by_client.is_set()
    assert server.left_by_client.wait(PATIENCE), "who leaves early drops the connection"


@pytest.mark.parametrize("size", [9, 0])
def test_more_bytes_than_stripe_says_are_an_error(api: StripeApi, server: ScriptedServer, size: int) -> None:
    chunked = Answer(b"a\r\n0123456789\r\n0\r\n\r\n", headers={"Transfer-Encoding": "chunked"})
    server.answers("GET", CONTENTS, chunked)
    with pytest.raises(
        DownloadError, match=f"file_1 should have {size} bytes, but at least 10 arrived"
    ) as error:
        read(api, size)
    assert error.value.worth_repeating


def test_another_host_on_a_redirect_is_not_told_the_key(api: StripeApi, server: ScriptedServer) -> None:
    with scripted_server() as elsewhere:
        elsewhere.answers("GET", "/moved", Answer(b"0123456789"))
        server.answers("GET", CONTENTS, Answer(status=302, headers={"Location": f"{elsewhere.base}/moved"}))
        assert read(api, 10) == b"0123456789"
        assert "Authorization" not in elsewhere.asked[0].headers


@pytest.mark.parametrize("status", [404, 408, 429, 500, 502, 503])
def test_what_may_pass_is_asked_for_again(
    api: StripeApi, server: ScriptedServer, no_pauses: None, status: int
) -> None:
    server.answers("GET", CONTENTS, Answer(stripe_error("Wait."), status), Answer(b"0123456789"))
    assert read(api, 10) == b"0123456789"
    assert [asked.headers.get("Range") for asked in server.asked] == [None, None]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_what_will_not_pass_is_a_refusal(api: StripeApi, server: ScriptedServer, status: int) -> None:
    server.answers("GET", CONTENTS, Answer(stripe_error(f"No, {KEY}."), status))
    with pytest.raises(StripeRequestError, match=f"answered {status}") as refused:
        read(api, 10)
    assert KEY not in str(refused.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [Answer(b"<html>", 502), Answer([], 502), Answer(b'{"error": ""}', 502), Answer(b"{}", 502, cut=1)],
    ids=["no json", "a list", "no message", "cut"],
)
def test_an_answer_without_a_message_is_told_by_its_status(
    api: StripeApi, server: ScriptedServer, no_pauses: None, answer: Answer
) -> None:
    server.answers("GET", CONTENTS, answer)
    with pytest.raises(DownloadError, match="answered 502 for file_1: Bad Gateway"):
        read(api, 10)


def test_a_files_host_that_is_not_there_is_named(no_pauses: None) -> None:
    api = StripeApi(KEY, files_base="http://127.0.0.1:9")
    with pytest.raises(DownloadError, match=r"no answer from http://127\.0\.0\.1:9"):
        read(api, 10)


def test_the_account_header_goes_with_the_download(server: ScriptedServer) -> None:
    server.answers("GET", CONTENTS, Answer(b"x"))
    read(StripeApi(KEY, files_base=server.base, stripe_account="acct_9"), 1)
    assert server.asked[0].headers["Stripe-Account"] == "acct_9"


def test_a_file_id_cannot_leave_its_folder(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", "/v1/files/..%2Faccount/contents", Answer(b"x"))
    with open_result(api, ResultFile("../account", 1, 1, None)) as chunks:
        assert list(chunks) == [b"x"]
