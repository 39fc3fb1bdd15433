"""The files host: bytes for who has the key, or the link."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import DAY, NOW, START, Client, midnight

ACTIVITY = "balance_change_from_activity.itemized.3"


@pytest.fixture(scope="module")
def result(client: Client) -> dict[str, Any]:
    start = midnight(START)
    run = client.create(ACTIVITY, start, start + 5 * DAY).json()
    found: dict[str, Any] = client.get(f"/v1/reporting/report_runs/{run['id']}")["result"]
    return found


@pytest.fixture(scope="module")
def content(client: Client, result: dict[str, Any]) -> bytes:
    return client.files.get(result["url"]).content


def test_the_whole_file(client: Client, result: dict[str, Any], content: bytes) -> None:
    answer = client.files.get(result["url"])
    assert answer.status_code == 200
    assert len(content) == int(answer.headers["Content-Length"]) == result["size"] > 1000
    assert answer.headers["Content-Type"].startswith("text/csv")


def test_basic_and_bearer_are_the_same(sandbox: Sandbox, result: dict[str, Any], content: bytes) -> None:
    bearer = httpx.get(result["url"], headers={"Authorization": f"Bearer {sandbox.key}"})
    assert bearer.content == content


@pytest.mark.parametrize(
    ("asked", "start", "end"), [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None)]
)
def test_a_range_of_it(
    client: Client, result: dict[str, Any], content: bytes, asked: str, start: int, end: int | None
) -> None:
    answer = client.files.get(result["url"], headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == content[start:end]
    first = start % len(content)
    assert answer.headers["Content-Range"] == (
        f"bytes {first}-{first + len(answer.content) - 1}/{len(content)}"
    )


def test_a_range_beyond_it(client: Client, result: dict[str, Any], content: bytes) -> None:
    answer = client.files.get(result["url"], headers={"Range": f"bytes={len(content)}-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(content)}"


@pytest.mark.parametrize(
    "asked", ["bytes=0-9,20-29", "bytes=9-0", "bytes=-", "bytes=a-", "bytes=1-b", "rows=0-9", "bytes", ""]
)
def test_other_ranges_are_ignored(client: Client, result: dict[str, Any], content: bytes, asked: str) -> None:
    answer = client.files.get(result["url"], headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, content)
    assert "Content-Range" not in answer.headers


def test_a_range_of_the_same_file_only(client: Client, result: dict[str, Any], content: bytes) -> None:
    whole = client.files.get(result["url"])
    assert whole.headers["Accept-Ranges"] == "bytes"
    etag = whole.headers["ETag"]
    assert etag.startswith('"'), "a strong one"
    conditions = {etag: 206, '"another"': 200, f"W/{etag}": 200}
    for condition, status in conditions.items():
        headers = {"Range": "bytes=100-", "If-Range": condition}
        answer = client.files.get(result["url"], headers=headers)
        assert (answer.status_code, answer.headers["ETag"]) == (status, etag)
        assert answer.content == (content[100:] if status == 206 else content)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer sk_test_wrong"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Digest x"},
    ],
)
def test_nothing_without_the_key(result: dict[str, Any], headers: dict[str, str]) -> None:
    answer = httpx.get(result["url"], headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_nothing_for_another_account(client: Client, result: dict[str, Any]) -> None:
    assert client.files.get(result["url"], headers={"Stripe-Account": "acct_other"}).status_code == 403


def test_a_file_that_is_not_there(client: Client) -> None:
    answer = client.files.get("/v1/files/file_nope/contents")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "resource_missing"


def test_the_bytes_are_not_on_the_api_host(client: Client, result: dict[str, Any]) -> None:
    assert client.http.get(f"/v1/files/{result['id']}/contents").status_code == 404


def test_a_link_shows_the_file_to_anybody_until_it_expires(result: dict[str, Any]) -> None:
    clock = [NOW]
    with Sandbox(port=0, files_port=0, latency=0, now=lambda: clock[0]) as sandbox:
        client = Client(sandbox)
        start = midnight(START)
        run = client.create(ACTIVITY, start, start + DAY).json()
        file = client.get(f"/v1/reporting/report_runs/{run['id']}")["result"]["id"]
        link = client.post(
            "/v1/file_links", file=file, expires_at=str(int(NOW) + 60), **{"metadata[for]": "a"}
        )
        assert link["object"] == "file_link"
        assert link["url"].startswith(f"{sandbox.files_base}/links/")
        assert (link["file"], link["expired"], link["metadata"]) == (file, False, {"for": "a"})
        whole = client.files.get(f"/v1/files/{file}/contents").content
        assert httpx.get(link["url"]).content == whole
        clock[0] += 60
        assert httpx.get(link["url"]).status_code == 404
        assert client.get(f"/v1/file_links/{link['id']}")["expired"]
        client.post(f"/v1/file_links/{link['id']}", expires_at="")
        assert httpx.get(link["url"]).content == whole
        client.post(f"/v1/file_links/{link['id']}", expires_at="now", **{"metadata[for]": ""})
        assert httpx.get(link["url"]).status_code == 404
        (listed,) = client.get("/v1/file_links", file=file, expired="true")["data"]
        assert listed == client.get(f"/v1/files/{file}")["links"]["data"][0]
        assert listed["metadata"] == {}
        assert client.get("/v1/file_links", expired="false")["data"] == []
        client.close()


def test_a_link_needs_a_file(client: Client) -> None:
    for data, param in (({}, "file"), ({"file": "file_nope"}, "file")):
        answer = client.http.post("/v1/file_links", data=data)
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == param


def test_a_link_that_is_not_there(sandbox: Sandbox) -> None:
    assert httpx.get(f"{sandbox.files_base}/links/nope").status_code == 404
