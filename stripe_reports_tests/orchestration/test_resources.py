"""Resources hold settings; the key is never shown."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from stripe_reports import ReportLakeResource, StripeResource
from stripe_reports.errors import ConfigurationError
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


def test_poll_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="poll settings"):
        _ = StripeResource(poll_factor=0.5).polling


@pytest.mark.parametrize("keep_csv", [True, False])
def test_a_lake_keeps_csvs_unless_it_is_told_not_to(tmp_path: Path, keep_csv: bool) -> None:
    assert ReportLakeResource().keep_csv
    land(ReportLakeResource(uri=str(tmp_path), keep_csv=keep_csv).lake, b"gross\n1\n")
    assert bool(list(tmp_path.glob("_csv/*"))) is keep_csv


def test_a_lake_that_is_no_address_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is no place for a lake"):
        _ = ReportLakeResource(uri="ftp://example.test/lake").lake
