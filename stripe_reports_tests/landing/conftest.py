from __future__ import annotations

from pathlib import Path

import pytest

from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account
from stripe_reports_tests.landing.scripted_stripe import ScriptedStripe
from stripe_reports_tests.landing.support import account_of
from stripe_reports_tests.scripted_server import ScriptedServer


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(str(tmp_path / "lake"))


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return account_of(sandbox)


@pytest.fixture
def stripe(server: ScriptedServer, no_pauses: None) -> ScriptedStripe:
    return ScriptedStripe(server)
