from __future__ import annotations

import pytest

from stripe_reports.stripe_api import StripeApi
from stripe_reports_tests.scripted_server import ScriptedServer

KEY = "sk_test_SECRETSECRETSECRET"


@pytest.fixture
def api(server: ScriptedServer) -> StripeApi:
    """A door to the scripted server, for API and files alike."""
    return StripeApi(KEY, api_base=server.base, files_base=server.base, max_network_retries=1)
