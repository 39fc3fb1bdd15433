"""Resources hold settings; the key is never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import ReportLakeResource, StripeResource
from stripe_reports.errors import ConfigurationError
from stripe_reports.landing import LandingSettings
from stripe_reports_tests.lake.support import land

_KEY = "sk_test_SECRETSECRETSECRET"


@pytest.mark.parametrize("show", [repr, str, "{}".format], ids=["repr", "str", "format"])
def test_the_key_is_not_shown(show) -> None:
    assert _KEY not in show(StripeResource(api_key=_KEY))


def test_the_key_is_not_shown_once_it_is_resolved_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_KEY", _KEY)
    seen: list[str] = []

    @dg.asset
    def look(stripe: StripeResource) -> None:
        assert stripe.account.api.api_key == _KEY
        seen.append(f"{stripe!r} {stripe} {stripe.account.api!r}")

    dg.materialize([look], resources={"stripe": StripeResource(api_key=dg.EnvVar("SOME_KEY"))})
    assert seen
    assert _KEY not in seen[0]


def test_a_resource_without_bases_asks_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    stripe = StripeResource(api_key=_KEY)
    monkeypatch.setenv("STRIPE_API_BASE", "http://127.0.0.1:7")
    monkeypatch.setenv("STRIPE_FILES_BASE", "http://127.0.0.1:8")
    for account in (stripe.account, stripe.sensor_account):
        assert (account.api.api_base, account.api.files_base) == ("http://127.0.0.1:7", "http://127.0.0.1:8")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"poll_factor": 0.5}, "the polling settings make no sense.*factor 0.5"),
        ({"poll_initial_seconds": 60.0}, "the polling settings make no sense.*initial 60"),
        ({"stuck_after_seconds": 0.0}, "the polling settings make no sense.*stuck after 0"),
        ({"max_runs_in_flight": 0}, "max_runs_in_flight is 0; give 1 or more"),
        ({"adopt_within_hours": -1.0}, "adopt_within is -3600 seconds; give 0 or more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(setting: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        _ = StripeResource(**setting).settings


def test_settings_reach_what_lands_and_what_asks() -> None:
    stripe = StripeResource(
        api_key=_KEY,
        poll_initial_seconds=0.25,
        poll_factor=2.0,
        poll_longest_seconds=8.0,
        stuck_after_seconds=77.0,
        release_after_seconds=55.0,
        max_runs_in_flight=3,
        calls_per_second=7.0,
        adopt_within_hours=2.0,
    )
    assert stripe.settings == LandingSettings(
        poll_initial=0.25,
        poll_factor=2.0,
        poll_longest=8.0,
        stuck_after=77.0,
        release_after=55.0,
        max_runs_in_flight=3,
        adopt_within=7200.0,
    )
    assert stripe.account.api.limit.rate == 7.0


@pytest.mark.parametrize("keep_csv", [None, True, False])
def test_a_lake_keeps_csvs_unless_it_is_told_not_to(tmp_path: Path, keep_csv: bool | None) -> None:
    assert ReportLakeResource().keep_csv is None
    land(ReportLakeResource(uri=str(tmp_path), keep_csv=keep_csv).lake, b"gross\n1\n")
    assert bool(list(tmp_path.glob("_csv/*"))) is (keep_csv is not False)


def test_the_text_of_a_lake_resource_does_not_show_its_key() -> None:
    resource = ReportLakeResource(uri="s3://lake/stripe", pii_key="a key that nobody may ever see in a log")
    assert repr(resource) == str(resource) == "ReportLakeResource(uri='s3://lake/stripe')"


def test_a_lake_that_is_no_address_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is not an address of a lake"):
        _ = ReportLakeResource(uri="ftp://example.test/lake").lake
