"""The bytes of a result: authorized as Stripe documents it, streamed, and never taken for whole when cut."""

from __future__ import annotations

import base64

import pytest

from stripe_reports.errors import DownloadError, StripeRequestError
from stripe_reports.stripe_api import ResultFile, StripeApi, open_result
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, scripted_server, stripe_error
from stripe_reports_tests.stripe_api.conftest import KEY

_CONTENTS = "/v1/files/file_1/contents"
_RESULT = ResultFile("file_1", size=10, created=1, filename=None)


def _read(api: StripeApi, result: ResultFile = _RESULT) -> bytes:
    with open_result(api, result) as chunks:
        return b"".join(chunks)


def test_the_key_is_the_user_name_and_the_password_is_empty(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", _CONTENTS, Answer(b"0123456789"))
    assert _read(api) == b"0123456789"
    assert (
        server.asked[0].headers["Authorization"] == f"Basic {base64.b64encode(f'{KEY}:'.encode()).decode()}"
    )


def test_bytes_are_asked_for_as_they_are(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", _CONTENTS, Answer(b"x"))
    _read(api)
    assert server.asked[0].headers["Accept-Encoding"] == "identity"


def test_a_large_file_comes_in_chunks(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", _CONTENTS, Answer(b"a" * 5_000_000))
    with open_result(api, _RESULT) as chunks:
        sizes = [len(chunk) for chunk in chunks]
    assert max(sizes) <= 1 << 20
    assert sum(sizes) == 5_000_000


def test_a_connection_that_breaks_off_is_not_the_end_of_the_file(
    api: StripeApi, server: ScriptedServer
) -> None:
    server.answers("GET", _CONTENTS, Answer(b"0123456789", cut=4))
    with pytest.raises(DownloadError, match="broke off before its 10 bytes were there"):
        _read(api)


def test_another_host_on_a_redirect_is_not_told_the_key(api: StripeApi, server: ScriptedServer) -> None:
    with scripted_server() as elsewhere:
        elsewhere.answers("GET", "/moved", Answer(b"0123456789"))
        server.answers("GET", _CONTENTS, Answer(status=302, headers={"Location": f"{elsewhere.base}/moved"}))
        assert _read(api) == b"0123456789"
        assert "Authorization" not in elsewhere.asked[0].headers


@pytest.mark.parametrize("status", [404, 429, 500, 502, 503])
def test_what_may_pass_is_worth_asking_again(api: StripeApi, server: ScriptedServer, status: int) -> None:
    server.answers("GET", _CONTENTS, Answer(stripe_error("Wait."), status, {"Retry-After": "7"}))
    with pytest.raises(DownloadError, match=rf"answered {status} for file_1: Wait\.") as again:
        _read(api)
    assert again.value.retry_after == 7


@pytest.mark.parametrize("status", [400, 401, 403])
def test_what_will_not_pass_is_a_refusal(api: StripeApi, server: ScriptedServer, status: int) -> None:
    server.answers("GET", _CONTENTS, Answer(stripe_error(f"No, {KEY}."), status))
    with pytest.raises(StripeRequestError, match=f"answered {status}") as refused:
        _read(api)
    assert KEY not in str(refused.value)


def test_an_answer_that_is_no_json_is_told_by_its_status(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", _CONTENTS, Answer(b"<html>", 502))
    with pytest.raises(DownloadError, match="answered 502 for file_1: Bad Gateway"):
        _read(api)


def test_a_files_host_that_is_not_there_is_named() -> None:
    api = StripeApi(KEY, files_base="http://127.0.0.1:9")
    with pytest.raises(DownloadError, match=r"no answer from http://127\.0\.0\.1:9"):
        _read(api)


def test_the_account_header_goes_with_the_download(server: ScriptedServer) -> None:
    server.answers("GET", _CONTENTS, Answer(b"x"))
    _read(StripeApi(KEY, files_base=server.base, stripe_account="acct_9"))
    assert server.asked[0].headers["Stripe-Account"] == "acct_9"


def test_a_file_id_cannot_leave_its_folder(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", "/v1/files/..%2Faccount/contents", Answer(b"x"))
    assert _read(api, ResultFile("../account", 1, 1, None)) == b"x"
