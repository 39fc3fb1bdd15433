"""The file whose downloads are tested, and answers that have all of it or its rest."""

from __future__ import annotations

import random

import pytest

from stripe_reports.errors import DownloadError
from stripe_reports.stripe_api import StripeApi
from stripe_reports_tests.scripted_server import Answer, ScriptedServer
from stripe_reports_tests.stripe_api.conftest import KEY, read

DATA = bytes(range(200))
SIZE = len(DATA)
CHUNK = 1 << 18
LARGE = random.Random(7).randbytes(3 * CHUNK + 17)


def rest_from(first: int, data: bytes = DATA, **headers: str) -> Answer:
    range_ = {"Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"}
    return Answer(
        data[first:], 206, range_ | {name.replace("_", "-"): text for name, text in headers.items()}
    )


def in_one_chunk(data: bytes) -> Answer:
    """In one HTTP chunk: the server does not say how much it is."""
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n"
    return Answer(body, headers={"Transfer-Encoding": "chunked"})


def requested_ranges(server: ScriptedServer) -> list[str | None]:
    return [asked.headers.get("Range") for asked in server.asked]


def read_fails(api: StripeApi, says: str) -> DownloadError:
    with pytest.raises(DownloadError, match=says) as error:
        read(api, SIZE)
    assert "\n" not in str(error.value)
    assert "file_1" in str(error.value)
    assert KEY not in str(error.value)
    return error.value
