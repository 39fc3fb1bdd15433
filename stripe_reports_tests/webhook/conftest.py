"""A lake, and a webhook application that keeps events in its inbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from stripe_reports.lake import Inbox, Lake
from stripe_reports.webhook.receiver import build_webhook_app
from stripe_reports_tests.events import SECRET
from stripe_reports_tests.webhook.support import Receiver


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(str(tmp_path / "lake"))


@pytest.fixture
def inbox(lake: Lake) -> Inbox:
    return lake.inbox


@pytest.fixture
def receiver(inbox: Inbox) -> Receiver:
    return Receiver(build_webhook_app(inbox, (SECRET, "whsec_old")))
