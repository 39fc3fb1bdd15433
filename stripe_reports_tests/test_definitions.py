"""The code location, loaded and run as a person does it: by environment and command line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stripe_reports.catalog import newest_complete_day
from stripe_reports.definitions import defs
from stripe_reports.errors import ConfigurationError, StripeReportsError
from stripe_reports.lake import Lake
from stripe_reports.landing import MAX_RUNS_IN_FLIGHT
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.lake.support import land

_DAY = newest_complete_day(datetime.now(UTC))


def _environment(tmp_path: Path, **variables: str) -> dict[str, str]:
    """Nothing from outside but what Python needs to start."""
    home = tmp_path / "dagster_home"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    return kept | {"DAGSTER_HOME": str(home)} | variables


def _dagster(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dagster", *arguments],
        cwd=tmp_path,
        env=_environment(tmp_path, **variables),
        capture_output=True,
        text=True,
        check=False,
    )


def _materialize(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    location = ("asset", "materialize", "-m", "stripe_reports.definitions")
    return _dagster(tmp_path, *location, *arguments, **variables)


def _account(sandbox: Sandbox) -> dict[str, str]:
    return {
        "STRIPE_API_KEY": sandbox.key,
        "STRIPE_API_BASE": sandbox.api_base,
        "STRIPE_FILES_BASE": sandbox.files_base,
    }


def test_a_variable_says_that_no_csv_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_REPORTS_LAKE", str(tmp_path))
    for value, keep_csv in (("", None), ("true", True), ("false", False)):
        monkeypatch.setenv("STRIPE_REPORTS_KEEP_CSV", value)
        report_lake = defs().resources["report_lake"]
        assert report_lake.keep_csv is keep_csv
        land(report_lake.lake, f"gross\n1\n{'2' * len(value)}\n".encode())
    assert len(list(tmp_path.glob("_csv/*"))) == 2


def test_a_variable_says_what_happens_to_personal_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_REPORTS_PII", "encrypt")
    with pytest.raises(ConfigurationError) as raised:
        defs()
    assert str(raised.value) == "STRIPE_REPORTS_PII is 'encrypt'; set it to keep, hash or drop"


def test_a_variable_says_how_many_report_runs_are_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, most in (("", MAX_RUNS_IN_FLIGHT), ("3", 3)):
        monkeypatch.setenv("STRIPE_REPORTS_MAX_RUNS_IN_FLIGHT", value)
        assert defs().resources["stripe"].settings.max_runs_in_flight == most


@pytest.mark.parametrize("value", ["0", "-1", "many", "2.5", "²"])
def test_a_count_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("STRIPE_REPORTS_MAX_RUNS_IN_FLIGHT", value)
    with pytest.raises(ConfigurationError, match=r"STRIPE_REPORTS_MAX_RUNS_IN_FLIGHT is .*whole number"):
        defs()


@pytest.mark.slow
def test_the_command_line_lands_days_of_several_reports_in_one_run_and_shows_no_secret(
    tmp_path: Path,
) -> None:
    key = "sk_test_Zq9uniqueuniqueunique"
    first = _DAY - timedelta(days=2)
    select = ("--select", "stripe_reports/balance_summary_1,stripe_reports/payouts_itemized_3")
    days = ("--partition-range", f"{first}...{_DAY}")
    with Sandbox(port=0, files_port=0, latency=0, key=key) as sandbox:
        landed = _materialize(tmp_path, *select, *days, **_account(sandbox))
        wrong = _account(sandbox) | {"STRIPE_API_KEY": key[:-1] + "X"}
        refused = _materialize(tmp_path, *select, *days, **wrong)
    assert landed.returncode == 0, landed.stderr
    assert landed.stderr.count("RUN_SUCCESS") == 1
    assert "6 of 6 partitions landed" in landed.stderr
    assert list(tmp_path.glob("lake/_csv/*.csv.zst"))
    lake = Lake.open(str(tmp_path / "lake"))
    for table in ("balance_summary_1", "payouts_itemized_3"):
        assert lake.days(table) == [first, first + timedelta(days=1), _DAY]

    assert refused.returncode != 0
    secret = key[:-1]  # of both keys
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files), "Dagster's records are among what is searched"
    for path in files:
        assert secret.encode() not in path.read_bytes(), path
    for text in (landed.stdout, landed.stderr, refused.stdout, refused.stderr):
        assert secret not in text


@pytest.mark.slow
def test_a_run_without_a_key_says_what_to_set(tmp_path: Path) -> None:
    one = ("--select", "stripe_reports/balance_summary_1", "--partition", str(_DAY))
    done = _materialize(tmp_path, *one)
    assert done.returncode != 0
    assert "no Stripe API key: set STRIPE_API_KEY" in done.stderr + done.stdout


def test_the_workspace_file_names_a_module_that_loads_with_no_variable_set(tmp_path: Path) -> None:
    workspace = Path(__file__).parent.parent / "workspace.yaml"
    done = _dagster(tmp_path, "definitions", "validate", "-w", str(workspace))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("STRIPE_REPORTS_SELECT", "balance.sumary.1", "did you mean 'balance.summary.1'"),
        ("STRIPE_REPORTS_START_DATE", "soon", "'soon' is not a day; write YYYY-MM-DD"),
        ("STRIPE_REPORTS_TIMEZONE", "Berlin", "unknown time zone 'Berlin'"),
        ("STRIPE_REPORTS_KEEP_CSV", "no", "STRIPE_REPORTS_KEEP_CSV is 'no'; set it to true or false"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(StripeReportsError, match=re.escape(says)):
        defs()


def test_dagster_shows_what_is_wrong_with_a_variable(tmp_path: Path) -> None:
    location = ("definitions", "validate", "-m", "stripe_reports.definitions")
    done = _dagster(tmp_path, *location, STRIPE_REPORTS_SELECT="balance.sumary.1")
    assert done.returncode != 0
    assert "did you mean 'balance.summary.1'" in done.stderr + done.stdout
