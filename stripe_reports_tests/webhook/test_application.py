"""The webhook application with the settings of the environment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from stripe_reports.errors import ConfigurationError, LakeError
from stripe_reports.lake import Inbox, Lake
from stripe_reports.webhook import receiver as receiving
from stripe_reports.webhook.receiver import build_webhook_app, webhook_app_of_environment
from stripe_reports_tests.events import SECRET
from stripe_reports_tests.webhook.support import BODY, Receiver, kept_events


@pytest.mark.parametrize("secrets", [(), ("",), ("whsec_ä",), (SECRET, "whsec_a\n")])
def test_secrets_that_are_none_are_a_mistake_of_the_configuration(
    inbox: Inbox, secrets: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError, match="STRIPE_WEBHOOK_SECRET"):
        build_webhook_app(inbox, secrets)


def _started(app: Any) -> list[dict[str, Any]]:
    """What the application answers to a server that starts and stops."""
    sent: list[dict[str, Any]] = []
    asked = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> dict[str, Any]:
        return asked.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app({"type": "lifespan"}, receive, send))
    return sent


def test_the_application_of_the_environment_says_at_its_start_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STRIPE_WEBHOOK_SECRET", raising=False)
    (failed,) = _started(receiving.app)
    assert failed["type"] == "lifespan.startup.failed"
    assert failed["message"].startswith("no webhook secret: set STRIPE_WEBHOOK_SECRET")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("STRIPE_REPORTS_LAKE", "ftp://x")
    (failed,) = _started(receiving.app)
    assert "'ftp://x' is not an address of a lake" in failed["message"]
    (tmp_path / "_inbox").write_bytes(b"a file where a folder should be")
    monkeypatch.setenv("STRIPE_REPORTS_LAKE", str(tmp_path))
    (failed,) = _started(receiving.app)
    assert failed["message"].startswith(f"cannot list {tmp_path}/_inbox")


def test_the_application_of_the_environment_keeps_events(
    tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", f"whsec_old,{SECRET}")
    monkeypatch.setenv("STRIPE_REPORTS_LAKE", str(tmp_path / "lake"))
    app = type(receiving.app)()
    assert [message["type"] for message in _started(app)] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert Receiver(app).deliver(BODY).status_code == 200
    assert kept_events(lake.inbox) == {"succeeded": ["evt_1"]}


def test_over_a_bucket_it_keeps_events_and_says_at_its_start_where_there_is_none(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
    app = webhook_app_of_environment(f"s3://{bucket}/x")
    assert Receiver(app).deliver(BODY).status_code == 200
    assert Lake.open(f"s3://{bucket}/x").inbox.read("succeeded", "evt_1") == BODY
    with pytest.raises(LakeError, match="cannot list s3://no-such-bucket/x/_inbox"):
        webhook_app_of_environment("s3://no-such-bucket/x")
