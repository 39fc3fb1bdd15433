from __future__ import annotations

from functools import cache

import pytest

from stripe_reports.stripe_api import ResultFile, StripeApi, open_result
from stripe_reports_tests.scripted_server import ScriptedServer

KEY = "sk_test_SECRETSECRETSECRET"
CONTENTS = "/v1/files/file_1/contents"


@pytest.fixture
def api(server: ScriptedServer) -> StripeApi:
    """A door to the scripted server, for API and files alike."""
    return StripeApi(
        KEY, api_base=server.base, files_base=server.base, max_network_retries=1, calls_per_second=1000
    )


@pytest.fixture
def once(server: ScriptedServer) -> StripeApi:
    """A door through which nothing is asked twice."""
    return api_that_asks_once(server)


def api_that_asks_once(server: ScriptedServer) -> StripeApi:
    return _door(server.base)


@cache
def _door(base: str) -> StripeApi:
    return StripeApi(KEY, base, base, max_network_retries=0, trouble_attempts=1, calls_per_second=10_000)


def read(api: StripeApi, size: int) -> bytes:
    """All of `file_1`, which Stripe says has that size."""
    with open_result(api, ResultFile("file_1", size, created=1, filename=None)) as chunks:
        return b"".join(chunks)
